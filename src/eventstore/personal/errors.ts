/** What can be wrong with keys. Whoever asked for them says what that means for them. */

export type VaultErrorCode =
  /** A key of the log that was never in this vault: the vault is older than the log, or another one. */
  | 'KEY_MISSING'
  /** A key of the vault is wrapped by one that isn't here. */
  | 'WRAPPING_KEY_MISSING'
  /** The database that the vault is in does not answer. */
  | 'VAULT_UNAVAILABLE'
  /** Something was to be written about an erased person. */
  | 'SUBJECT_ERASED';

export type VaultError = Error & { readonly vaultError: VaultErrorCode };

export const vaultError = (code: VaultErrorCode, message: string, cause?: unknown): VaultError =>
  Object.assign(new Error(message, { cause }), { name: 'VaultError', vaultError: code });

export const vaultErrorOf = (error: unknown): VaultError | undefined =>
  error instanceof Error && 'vaultError' in error ? (error as VaultError) : undefined;
