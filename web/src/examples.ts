import source from "./examples.json";

/** An operation that is ready to run. */
export interface Example {
  group: string;
  title: string;
  shows: string;
  query: string;
  variables: string;
}

export const EXAMPLES: Example[] = source.map(({ query, variables, ...rest }) => ({
  ...rest,
  query: query.join("\n"),
  variables: Object.keys(variables).length > 0 ? JSON.stringify(variables, null, 2) : "",
}));

/** The examples in the order of their groups. */
export const EXAMPLES_BY_GROUP: ReadonlyMap<string, Example[]> = Map.groupBy(EXAMPLES, (example) => example.group);
