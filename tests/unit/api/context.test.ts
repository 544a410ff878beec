import { sql } from 'kysely';
import { expect, test, vi } from 'vitest';
import { createContext, endOperation, renewReads, type Services } from '../../../src/api/schema/context.ts';

const connect = vi.fn();
const services = {
  pool: { connect },
  visibility: { position: () => 10n },
} as unknown as Services; // no more of them is used
const caller = { workspaceId: 'default', actor: { type: 'user', id: 'someone' } } as const;

test('an operation that is over opens no connection, not even for the answer of a mutation that ends later', async () => {
  const context = createContext(services, caller);
  endOperation(context);
  await expect(context.reads.session.read(sql`select 1`)).rejects.toThrow('has ended');
  renewReads(context, 5n);
  await expect(context.reads.session.read(sql`select 1`)).rejects.toThrow('has ended');
  await expect(context.reads.session.readOnly(sql`select 1`)).rejects.toThrow('has ended');
  expect(connect).not.toHaveBeenCalled();
});
