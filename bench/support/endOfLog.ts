/** The commit position of the last event that the store has. */
import { connectEventStore } from '../../src/eventstore/client.ts';

export async function endOfLog(eventStoreUrl: string): Promise<bigint> {
  const client = connectEventStore(eventStoreUrl);
  try {
    let end = -1n;
    const read = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 });
    for await (const { event } of read) if (event) end = event.position.commit;
    return end;
  } finally {
    await client.dispose();
  }
}
