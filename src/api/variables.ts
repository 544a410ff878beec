/**
 * Variables by the rules of graphql-js, for queries that are compiled. The compiler has rules of its own: they never end
 * for an input that holds itself (filters of filters), word errors otherwise, and take a variable that is not given for
 * null where it stands inside a literal. So it sees every variable declared as JSON, and gets values that are right.
 */
import {
  type DocumentNode,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
  visit,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;

/** What mercurius is told: values to use, and a document where this request must not be compiled. */
export type Prepared = { readonly document?: DocumentNode; readonly variables?: Record<string, unknown> };

type Declared = {
  readonly definitions: readonly VariableDefinitionNode[];
  /** Those that stand inside literals: `{ eq: $status }`. */
  readonly nested: readonly string[];
};

/** As many as graphql-js tells of. */
const MAX_ERRORS = 50;

const known = new WeakMap<DocumentNode, Declared>();

/**
 * @param document of the cache: its variables are declared anew when it is first seen.
 * @throws with `errors` when the values don't fit what was declared.
 */
export function prepareVariables(schema: GraphQLSchema, document: DocumentNode, given: Variables): Prepared {
  const [operation, another] = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  // Which of several is meant isn't known here.
  if (!operation || another) return { document };
  const declared = known.get(document) ?? declareAnew(document, operation as OperationDefinitionNode);
  if (declared.definitions.length === 0) return {};
  const { coerced, errors } = getVariableValues(schema, declared.definitions, given, {
    maxErrors: MAX_ERRORS,
  });
  if (errors) throw Object.assign(new Error('the variables do not fit'), { errors });
  const isMissing = declared.nested.some(name => !Object.hasOwn(coerced, name));
  return isMissing ? { document, variables: coerced } : { variables: coerced };
}

function declareAnew(document: DocumentNode, operation: OperationDefinitionNode): Declared {
  const definitions = operation.variableDefinitions ?? [];
  const declared = { definitions, nested: nestedIn(document) };
  known.set(document, declared);
  Object.assign(operation, { variableDefinitions: definitions.map(asJson) });
  return declared;
}

const asJson = ({ kind, variable, loc }: VariableDefinitionNode): VariableDefinitionNode => ({
  kind,
  variable,
  type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'JSON' } },
  ...(loc && { loc }),
});

function nestedIn(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  const inside = { Variable: ({ name }: { name: { value: string } }) => void names.add(name.value) };
  visit(document, {
    ObjectValue: node => void visit(node, inside),
    ListValue: node => void visit(node, inside),
  });
  return [...names];
}
