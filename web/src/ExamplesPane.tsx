import { type GraphiQLPlugin, PlayIcon } from "@graphiql/react";

import { EXAMPLES_BY_GROUP, type Example } from "./examples";
import { useOpenExample } from "./opening";

function Row({ example }: { example: Example }) {
  const open = useOpenExample();
  return (
    <li className="example">
      <button type="button" className="example-open" onClick={() => open(example)}>
        <span className="example-title">{example.title}</span>
        <span className="example-shows">{example.shows}</span>
      </button>
      <button
        type="button"
        className="example-run"
        aria-label={`Run “${example.title}”`}
        title="Open and run"
        onClick={() => open(example, { run: true })}
      >
        <PlayIcon aria-hidden="true" />
      </button>
    </li>
  );
}

function ExamplesPane() {
  return (
    <section className="examples" aria-label="Examples">
      <h1>Examples</h1>
      {[...EXAMPLES_BY_GROUP].map(([group, examples]) => (
        <section key={group}>
          <h2>{group}</h2>
          <ul>
            {examples.map((example) => (
              <Row key={example.title} example={example} />
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d="M4 6h16M4 12h8M4 18h8" />
      <path d="M15.5 12.5v7l5.5-3.5z" />
    </svg>
  );
}

/** The panel of ready operations in GraphiQL's sidebar. */
export const EXAMPLES_PLUGIN: GraphiQLPlugin = { title: "Examples", icon: ExamplesIcon, content: ExamplesPane };
