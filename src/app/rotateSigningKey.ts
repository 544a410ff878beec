/**
 * Takes another key for tree heads: the new one is kept, published under the old one's signature, and put into its place. Cut
 * short anywhere it goes on with the same new key when it is run again.
 */
import type { Dispatch } from '../commands/dispatch.ts';
import type { Config } from '../config.ts';
import { keyMessage, type Signer, signerOf } from '../proof/head.ts';
import { fatal } from '../runtime/fatal.ts';
import { readIfThere } from '../runtime/files.ts';
import {
  adoptSigningKey,
  keepNextSigningKey,
  newSigningKey,
  readSigningKey,
  writeSigningKey,
} from '../runtime/signingKey.ts';

export type RotateOptions = {
  readonly config: Pick<Config, 'dataDir' | 'signingKey'>;
  readonly dispatch: Dispatch;
  readonly workspaceId: string;
  /** Whether the present key vouches for the new one. A key that is lost can't, and that is seen for ever. */
  readonly previous: 'signs' | 'lost';
  /** Where the new key goes when keys come from outside. */
  readonly to?: string;
};

const OPERATOR = { type: 'process', id: 'rotateSigningKey' } as const;

/** @returns the new key. @throws FatalError for what the operator can put right. */
export async function rotateSigningKey(options: RotateOptions): Promise<Signer> {
  const { config, dispatch, workspaceId } = options;
  const { dataDir, signingKey: given } = config;
  const next = signerOf(given === undefined ? await keepNextSigningKey(dataDir) : await keptAt(options.to));
  const context = { workspaceId, actor: OPERATOR };
  const publish = (key: object) => dispatch({ name: 'publishSigningKey', input: key }, context);

  const { keyId, publicKey } = next;
  const tried = await publish({ keyId, publicKey });
  // Published before, by a rotation that was cut short, or as the first key of all.
  if (!tried.ok) {
    const current = tried.error.details?.current;
    if (typeof current !== 'string')
      throw fatal('NOT_ROTATED', `The key was refused: ${tried.error.message}.`);
    const successor = { keyId, publicKey, previousKeyId: current };
    const signature = options.previous === 'lost' ? undefined : await signedBy(options, successor);
    const published = await publish({ ...successor, ...(signature && { signature }) });
    if (!published.ok) throw fatal('NOT_ROTATED', `The key was refused: ${published.error.message}.`);
  }
  if (given === undefined) await adoptSigningKey(dataDir);
  return next;
}

async function signedBy(
  { config, workspaceId }: RotateOptions,
  successor: { keyId: string; publicKey: string; previousKeyId: string },
): Promise<string> {
  const present = signerOf(await readSigningKey(config.dataDir, config.signingKey));
  if (present.keyId === successor.previousKeyId) return present.sign(keyMessage(workspaceId, successor));
  throw fatal(
    'SIGNING_KEY_DIFFERS',
    `The signing key here is ${present.keyId}, and ${successor.previousKeyId} is published; bring that one back, or say --lost if it is lost.`,
  );
}

async function keptAt(path: string | undefined): Promise<string> {
  if (path === undefined)
    throw fatal(
      'ARGUMENTS',
      'The signing key comes from RELATA_SIGNING_KEY; say with --to where the new one is to be written.',
    );
  const kept = await readIfThere(path);
  if (kept) return kept.toString();
  const pem = newSigningKey();
  await writeSigningKey(path, pem);
  return pem;
}
