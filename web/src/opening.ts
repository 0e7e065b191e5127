import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { Kind, parse } from "graphql";

import { EXAMPLES, type Example } from "./examples";

/** Whether nobody would miss this text: it is blank, or an example as it came. */
function isDispensable(query: string): boolean {
  return query.trim() === "" || EXAMPLES.some((example) => example.query === query);
}

function operationsOf(query: string) {
  const documentAST = parse(query);
  const operations = documentAST.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return { documentAST, operations, operationName: operations[0]?.name?.value ?? "" };
}

/**
 * Put an example into the editors, and run it if asked to.
 *
 * What somebody wrote is never overwritten: it stays in its tab and the example gets one of its own.
 */
export function useOpenExample(): (example: Example, options?: { run?: boolean }) => void {
  const { addTab, run, setOperationFacts, stop, updateActiveTabValues } = useGraphiQLActions();
  const editors = useGraphiQL(({ queryEditor, variableEditor, headerEditor, responseEditor }) => ({
    queryEditor,
    variableEditor,
    headerEditor,
    responseEditor,
  }));

  return (example, { run: runs = false } = {}) => {
    const { queryEditor, variableEditor, headerEditor, responseEditor } = editors;
    if (!queryEditor || !variableEditor) return;

    stop();
    const headers = headerEditor?.getValue() ?? "";
    if (!isDispensable(queryEditor.getValue())) addTab();
    queryEditor.setValue(example.query);
    variableEditor.setValue(example.variables);
    headerEditor?.setValue(headers);
    responseEditor?.setValue("");

    // The editors report their text with a delay; `run` and the tab's title need it at once.
    const facts = operationsOf(example.query);
    setOperationFacts(facts);
    updateActiveTabValues({
      query: example.query,
      variables: example.variables,
      headers,
      response: null,
      operationName: facts.operationName,
    });
    if (runs) run();
  };
}
