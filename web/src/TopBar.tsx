import "./top-bar.css";

import { useGraphiQLActions } from "@graphiql/react";
import { useEffect, useRef } from "react";

import icon from "./icon.svg";
import { useSystemTheme } from "./theme";
import { useViewer, type Viewer } from "./viewer";

/** Who is asking, and the way in or out: forms of the server's own, which keeps the session in a cookie. */
function Account({ viewer }: { viewer: Viewer }) {
  switch (viewer.state) {
    case "asking":
      return <p className="account" />;
    case "unknown":
      return <p className="account account-problem">{viewer.reason}</p>;
    case "signed-in":
      return (
        <form className="account" method="post" action="/sign-out">
          Signed in as <strong>{viewer.name}</strong>
          {viewer.roles.map((role) => (
            <span className="role" key={role}>
              {role.toLowerCase()}
            </span>
          ))}
          {viewer.by === "session" ? <button type="submit">Sign out</button> : "by a request header"}
        </form>
      );
    case "anonymous":
      return (
        <form className="account" method="post" action="/sign-in">
          <span>
            Not signed in. Open the link that <code>yukyu up</code> prints, or paste what{" "}
            <code>yukyu token --role admin</code> prints:
          </span>
          <input name="token" type="password" autoComplete="off" aria-label="Token" placeholder="Token" required />
          <button type="submit">Sign in</button>
        </form>
      );
  }
}

/** The line above GraphiQL: what this is, and who is asking. */
export function TopBar() {
  useSystemTheme();
  const viewer = useViewer();
  const { introspect } = useGraphiQLActions();
  const asker = viewer.state === "signed-in" ? `${viewer.by} ${viewer.name}` : viewer.state;
  const before = useRef(asker);

  // Somebody else may see a schema that was refused before.
  useEffect(() => {
    if (before.current !== asker && before.current !== "asking") void introspect();
    before.current = asker;
  }, [asker, introspect]);

  return (
    <header className="top-bar">
      <img src={icon} alt="" />
      <span className="product">YuKyuDATA</span>
      <nav aria-label="Pages">
        <a href="/graphql" aria-current="page">
          GraphiQL
        </a>
        <a href="/docs">REST</a>
      </nav>
      <Account viewer={viewer} />
    </header>
  );
}
