/** A plan from its file, or every reason why it is none, each with its place in the JSON. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { type Issue, importError, issuesError } from './errors.ts';
import { Plan } from './plan.ts';

export async function readPlan(path: string): Promise<Plan> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw importError('PLAN_UNREADABLE', `The plan ${path} can't be read; correct its path or its rights.`, {
      cause,
    });
  });
  try {
    return parsePlan(JSON.parse(text.replace(/^\uFEFF/, '')));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw importError('PLAN_INVALID', `The plan ${path} is no JSON (${cause.message}); correct it there.`, {
      cause,
    });
  }
}

/** @throws ImportError `PLAN_INVALID` */
export function parsePlan(json: unknown): Plan {
  const result = Plan.safeParse(json);
  if (result.success) return result.data;
  throw issuesError('PLAN_INVALID', "The plan can't be used", result.error.issues.map(issueOf));
}

function issueOf(issue: z.core.$ZodIssue): Issue {
  const path = jsonPath(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return {
        path,
        message: `${issue.keys.map(key => `"${key}"`).join(' and ')} is unknown here; correct its spelling or take it out`,
      };
    case 'invalid_key':
      return { path, message: issue.issues[0]?.message ?? issue.message };
    case 'invalid_type':
      return { path, message: issue.input === undefined ? `is missing (${issue.expected})` : issue.message };
    default:
      return { path, message: issue.message };
  }
}

/** `records[2].steps[0].input["addresses.0.country"]`, as JavaScript would write it. */
export function jsonPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(String(part))) return `${text}[${JSON.stringify(String(part))}]`;
    return text ? `${text}.${String(part)}` : String(part);
  }, '');
}
