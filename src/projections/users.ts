/** One row a user, with history. */
import { user } from '../domain/people/user.ts';
import { text } from './columns.ts';
import { recordModel } from './readModel.ts';

export const users = recordModel('users', user, {
  version: 2,
  columns: { name: text.personally, email: text.personally, jobTitle: text.personally },
  indexes: [['name']],
  on: {},
});
