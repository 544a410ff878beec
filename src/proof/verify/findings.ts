/** What a verification has to say. */

export type Finding = {
  /** Stable; the message is for people. */
  readonly code: // The log.
    | 'CONTENT_CHANGED'
    | 'CHAIN_BROKEN'
    | 'REVISION_MISSING'
    | 'STREAM_DELETED'
    // Heads and keys.
    | 'HEAD_DIFFERS'
    | 'HEAD_SIGNATURE'
    | 'HEAD_KEY'
    | 'KEY_SIGNATURE'
    // The witness.
    | 'WITNESS_DIFFERS'
    | 'LOG_CUT'
    | 'WITNESS_SIGNATURE'
    // What Postgres holds.
    | 'TREE_DIFFERS'
    | 'ROW_DIFFERS'
    | 'ROW_MISSING'
    | 'ROW_UNFOUNDED';
  readonly message: string;
  readonly workspaceId?: string;
  readonly stream?: string;
  readonly revision?: number;
  readonly position?: string;
  readonly size?: number;
  readonly model?: string;
  readonly id?: string;
};

/** Not wrong, and yet to be known. */
export type Remark = { readonly code: string; readonly message: string };

/** So many findings are named; the others are counted. */
const NAMED = 100;

export type Findings = {
  readonly add: (finding: Finding) => void;
  readonly remark: (remark: Remark) => void;
  readonly named: readonly Finding[];
  readonly remarks: readonly Remark[];
  readonly count: () => number;
};

export function collectFindings(): Findings {
  const named: Finding[] = [];
  const remarks: Remark[] = [];
  let count = 0;
  return {
    add: finding => {
      count += 1;
      if (named.length < NAMED) named.push(finding);
    },
    remark: remark => remarks.push(remark),
    named,
    remarks,
    count: () => count,
  };
}
