/** A refusal that names what is wrong in a request. */
import { apiError } from '../errors.ts';

export const wrong = (path: string, message: string) =>
  Object.assign(apiError(`${path} ${message}`, { code: 'VALIDATION', fields: [{ path, message }] }), {
    statusCode: 400,
  });
