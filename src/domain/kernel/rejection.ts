/** A business rule said no: a value, never thrown. */
export type Rejection = {
  readonly rejected: true;
  /** The rule's own code, published in `docs/errors.md`: `NOT_OPEN`, `EMAIL_TAKEN`, … */
  readonly code: string;
  /** One sentence that tells the reader what to do. */
  readonly message: string;
  /** The input field that it is about: `amount`, `lines.0.quantity`. */
  readonly path?: string;
  /** Facts that a program may want, such as the id of the record that stands in the way. */
  readonly details?: Readonly<Record<string, unknown>>;
};

export const reject = (
  code: string,
  message: string,
  path?: string,
  details?: Readonly<Record<string, unknown>>,
): Rejection => ({ rejected: true, code, message, ...(path && { path }), ...(details && { details }) });

export const isRejection = (value: unknown): value is Rejection =>
  typeof value === 'object' && value !== null && 'rejected' in value;
