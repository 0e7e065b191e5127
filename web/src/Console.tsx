import { DocExplorerStore, DOC_EXPLORER_PLUGIN } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryStore } from "@graphiql/plugin-history";
import { GraphiQLProvider } from "@graphiql/react";
import { GraphiQL, GraphiQLInterface } from "graphiql";
import { useState } from "react";

import { EXAMPLES } from "./examples";
import { EXAMPLES_PLUGIN } from "./ExamplesPane";
import { fetcher } from "./fetcher";
import { TopBar } from "./TopBar";

const PLUGINS = [EXAMPLES_PLUGIN, DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];

/** The first example, unless this browser still has the tabs of an earlier visit. */
function firstVisit() {
  const [example] = EXAMPLES;
  if (!example || localStorage.getItem("graphiql:tabState") !== null) return {};
  return { initialQuery: example.query, initialVariables: example.variables };
}

/** GraphiQL for this server, with its examples and the line that says who is asking. */
export function Console() {
  const [initial] = useState(firstVisit);

  return (
    <GraphiQLProvider
      fetcher={fetcher}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      visiblePlugin={EXAMPLES_PLUGIN}
      shouldPersistHeaders={false}
      {...initial}
    >
      <HistoryStore>
        <DocExplorerStore>
          <TopBar />
          <GraphiQLInterface defaultEditorToolsVisibility="variables" showPersistHeadersSettings={false}>
            <GraphiQL.Logo>{null}</GraphiQL.Logo>
          </GraphiQLInterface>
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}
