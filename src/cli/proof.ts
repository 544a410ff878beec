/** `relata proof export | check | rotate-key`: proofs for others, and the key that signs what they are proven by. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { attach } from '../app/attach.ts';
import { DEFAULT_WORKSPACE } from '../app/owner.ts';
import { rotateSigningKey } from '../app/rotateSigningKey.ts';
import { loadConfig } from '../config.ts';
import { openReadPool } from '../projections/query/readPool.ts';
import { openSession } from '../projections/query/session.ts';
import { exportProof } from '../proof/exportProof.ts';
import { headFilesAt } from '../proof/headFiles.ts';
import { checkProof } from '../proof/proofFile.ts';
import { fatal } from '../runtime/fatal.ts';
import { abortOnSignals, type CliCommand, pathFrom } from './command.ts';

const USAGE =
  'export ID [--head SIZE] [--to FILE] | check FILE [--witness PLACE] | rotate-key [--lost] [--to FILE]';

export const proof: CliCommand = {
  kind: 'cliCommand',
  name: 'proof',
  usage: USAGE,
  summary: 'Prove events to others, check such a proof, or change the key that signs',
  run: ([part, ...args]) => {
    if (part === 'export') return exportTo(args);
    if (part === 'check') return check(args);
    if (part === 'rotate-key') return rotate(args);
    throw fatal('ARGUMENTS', `Say what to do: relata proof ${USAGE}`);
  },
};

async function exportTo(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { head: { type: 'string' }, to: { type: 'string' } },
  });
  const [of, ...more] = positionals;
  if (of === undefined || more.length > 0 || !OF.test(of))
    throw fatal('ARGUMENTS', 'Say of what: an event id, or a record such as opportunity/ID.');
  if (values.head !== undefined && !/^[1-9]\d{0,9}$/.test(values.head))
    throw fatal('ARGUMENTS', `--head takes the size of a tree head, such as 12000; not ${values.head}.`);
  const { writeSide, postgresUrl, close } = await attach(
    loadConfig({ RELATA_LOG_LEVEL: 'fatal', ...process.env }),
    abortOnSignals(),
  );
  const pool = openReadPool({ url: postgresUrl, size: 1 });
  const reads = openSession({ pool, waitFor: async () => undefined }, DEFAULT_WORKSPACE);
  try {
    const { text, events, left } = await exportProof({
      client: writeSide.client,
      reads,
      workspaceId: DEFAULT_WORKSPACE,
      of,
      headSize: values.head === undefined ? undefined : Number(values.head),
    });
    if (values.to === undefined) process.stdout.write(text);
    else await writeFile(pathFrom(values.to), text);
    if (left > 0)
      console.error(`${left} later events are not covered by the head yet, and not in the proof.`);
    if (values.to !== undefined) console.log(`${events} events are proven in ${values.to}.`);
    return 0;
  } finally {
    reads.end();
    await pool.end();
    await close();
  }
}

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const OF = new RegExp(`^([a-z][A-Za-z]*/)?${UUID}$`);

async function check(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { witness: { type: 'string' } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw fatal('ARGUMENTS', 'Name one file that holds a proof.');
  const witnessed =
    values.witness === undefined ? undefined : await (await headFilesAt(pathFrom(values.witness))).read();
  const {
    ok,
    head,
    events,
    problems,
    witnessed: isHeld,
  } = checkProof(await jsonIn(pathFrom(file)), witnessed);
  for (const problem of problems) console.log(`Wrong: ${problem}.`);
  if (!ok || !head) return 1;
  console.log(
    `${events} ${events === 1 ? 'event is' : 'events are'} among the first ${head.size} of workspace ${head.workspaceId}, as signed at ${head.signedAt} with key ${head.keyId}.`,
  );
  console.log(
    isHeld
      ? 'The witness holds this head.'
      : 'Whether that is the log that others were shown, only a witness can say: give its heads with --witness, or compare the root and the key yourself.',
  );
  return 0;
}

async function jsonIn(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw fatal(
      'UNREADABLE',
      `${path} can't be read as JSON (${cause instanceof Error ? cause.message : cause}).`,
      cause,
    );
  }
}

async function rotate(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { lost: { type: 'boolean', default: false }, to: { type: 'string' } },
  });
  const config = loadConfig({ RELATA_LOG_LEVEL: 'fatal', ...process.env });
  const { writeSide, close } = await attach(config, abortOnSignals());
  try {
    const { keyId, publicKey } = await rotateSigningKey({
      config,
      dispatch: writeSide.dispatch,
      workspaceId: DEFAULT_WORKSPACE,
      previous: values.lost ? 'lost' : 'signs',
      ...(values.to !== undefined && { to: pathFrom(values.to) }),
    });
    console.log(`Tree heads are signed with key ${keyId} from now on; its public key is ${publicKey}.`);
    if (config.signingKey !== undefined)
      console.log(`Set RELATA_SIGNING_KEY_FILE to ${values.to} in every instance, and start them again.`);
    return 0;
  } finally {
    await close();
  }
}
