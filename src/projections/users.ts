/** One row a user, with history. */
import { user } from '../domain/people/user.ts';
import { searchable, text } from './columns.ts';
import { recordModel } from './readModel.ts';

export const users = recordModel('users', user, {
  version: 2,
  columns: {
    name: searchable(text.personally),
    email: searchable(text.personally),
    jobTitle: text.personally,
  },
  indexes: [['name']],
  on: {},
});
