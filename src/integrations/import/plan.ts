/**
 * The import plan: which files hold which records, and by which commands they come in. `docs/import.md` tells it to
 * people; the shapes here are what it promises. What depends on the commands is checked in `compile.ts`.
 */
import { z } from 'zod';

const Name = z
  .string()
  .regex(/^[a-z][A-Za-z0-9-]{0,59}$/, 'must begin with a small letter and hold letters, digits and - only');
const ColumnName = z.string().min(1);
const Json = z.json();

/** Values by names that files and people choose. It inherits nothing, so that a column may be called `constructor`. */
const byName = <V extends z.ZodType>(value: V, name: z.ZodType<string, string> = z.string()) =>
  z
    .preprocess(refuseProto, z.record(name, value))
    .transform((record): Record<string, z.output<V>> => Object.assign(Object.create(null), record));

/** zod leaves this one name out, which would be a silent change of the plan. */
function refuseProto(input: unknown, context: z.core.$RefinementCtx): unknown {
  if (typeof input === 'object' && input !== null && Object.hasOwn(input, '__proto__'))
    context.issues.push({ code: 'custom', input, message: '"__proto__" can\'t be a name here; use another' });
  return input;
}

/** How the cells of a column are to be read, wherever the plan uses it. */
const ColumnPlan = z.strictObject({
  /** Spellings that mean something else: each use is reported. */
  aliases: byName(z.string()).optional(),
  /** After the aliases, only these may stand there. */
  values: z.array(z.string()).min(1).optional(),
  /** What an empty cell means: nothing, a line in the report, or that the row is rejected. */
  empty: z.enum(['allow', 'report', 'reject']).default('allow'),
  number: z
    .strictObject({
      decimal: z.enum(['.', ',']).default('.'),
      /** Between thousands. */
      group: z.enum([',', '.', ' ', "'"]).optional(),
      /** Places that the decimal point moves to the right: 6 where the file counts in millions. */
      shift: z.int().min(-12).max(12).default(0),
    })
    .refine(({ decimal, group }) => decimal !== group, {
      error: 'must not be what stands before the decimals too',
      path: ['group'],
    })
    .optional(),
  date: z
    .strictObject({
      /** Such as `dd.MM.yyyy HH:mm`; `iso` is `yyyy-MM-dd`, with a time and offset or without. */
      format: z.string().default('iso'),
      /** IANA; the plan's own where it is absent. */
      zone: z.string().optional(),
    })
    .optional(),
  boolean: z.strictObject({ true: z.array(z.string()).min(1), false: z.array(z.string()).min(1) }).optional(),
});
export type ColumnPlan = z.infer<typeof ColumnPlan>;

const FilePlan = z.strictObject({
  /** Relative to the folder that is imported. */
  file: z.string().min(1),
  delimiter: z
    .string()
    .regex(/^[^"\r\n]$/, 'must be one character, and neither a quote nor a line end')
    .default(','),
  encoding: z.enum(['utf-8', 'utf-16le', 'windows-1252']).default('utf-8'),
  columns: byName(ColumnPlan, ColumnName).prefault({}),
  /** Columns that are left behind on purpose, `""` for those without a name. Any other that no step uses is an error. */
  ignore: z.array(z.string()).default([]),
});
export type FilePlan = z.infer<typeof FilePlan>;

/** Where a value comes from: exactly one of the first six. */
const Source = z.strictObject({
  column: ColumnName.optional(),
  columns: z.array(ColumnName).min(1).optional(),
  constant: Json.optional(),
  /** Text with cells in it, such as `{manager}'s team`; empty when one of them is. */
  text: z.string().optional(),
  /** The id of a part that has a name of its own, such as a stage: the same text gives the same id. */
  id: z.string().optional(),
  /** The first of these that is not empty. */
  get first() {
    return z.array(Source).min(2).optional();
  },
  /** The value is a key of this kind, and the field gets that record's id. */
  ref: Name.optional(),
  /** What each value of the column becomes; another one rejects the row. */
  map: byName(Json).optional(),
});
export type Source = z.infer<typeof Source>;

const Condition = z.union(
  [
    z.string(),
    z.array(z.string()).min(1),
    z.strictObject({ empty: z.boolean() }),
    z.strictObject({ not: z.array(z.string()).min(1) }),
  ],
  { error: 'must be a value, a list of values, {"empty": true or false} or {"not": [values]}' },
);
export type Condition = z.infer<typeof Condition>;

const Step = z.strictObject({
  command: z.string(),
  /** Part of what makes the commandId; steps of one name in a pass are alternatives, and the first that fits is taken. */
  name: Name.optional(),
  /** The record that the command is sent to, where it is not the row's own. */
  on: Source.optional(),
  /** All must hold, or the step is left out. */
  when: byName(Condition, ColumnName).prefault({}),
  /** When it happened in the business; at the import's own time where it is absent. */
  at: Source.optional(),
  /** Input field → value. Dots lead into objects and lists: `addresses.0.country`. */
  input: byName(Source, z.string().min(1)).prefault({}),
});
export type Step = z.infer<typeof Step>;

const Pass = z.strictObject({
  /** For people; the kind and file where it is absent. */
  title: z.string().min(1).max(80).optional(),
  /** A name under `files`; without one the pass is a single record made of constants. */
  file: z.string().optional(),
  /** Records of one kind are told apart by their keys. */
  kind: Name,
  key: z.union([ColumnName, z.array(ColumnName).min(1), z.strictObject({ constant: z.string().min(1) })], {
    error: 'must be a column, a list of columns or {"constant": text}',
  }),
  steps: z.array(Step).min(1),
});
export type Pass = z.infer<typeof Pass>;

export const Plan = z.strictObject({
  /** Of this format; there is one so far. */
  version: z.literal(1, 'must be 1, the version of the plan format that this release reads'),
  /** Part of what makes every id: the same records under another name are other records. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'must hold small letters, digits and - only, at most 60 of them'),
  description: z.string().optional(),
  zone: z.string().default('UTC'),
  files: byName(FilePlan, z.string().min(1)).prefault({}),
  /** Passes over the files, one after the other. */
  records: z.array(Pass).min(1),
});
export type Plan = z.infer<typeof Plan>;
