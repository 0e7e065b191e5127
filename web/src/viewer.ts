import { useGraphiQL } from "@graphiql/react";
import { type Fetcher, fetcherReturnToPromise } from "@graphiql/toolkit";
import { useEffect, useState } from "react";

/** What the server says about whoever is asking. */
export type Viewer =
  | { state: "asking" }
  | { state: "signed-in"; name: string; roles: string[]; by: "session" | "header" }
  | { state: "anonymous" }
  | { state: "unknown"; reason: string };

const QUERY = "query Viewer { me { name roles } }";
const TYPING_PAUSE_MS = 400;

interface Answer {
  data?: { me?: { name: string; roles: string[] } | null } | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

async function ask(fetcher: Fetcher, headers: Record<string, string>): Promise<Viewer> {
  const answer = (await fetcherReturnToPromise(
    fetcher({ query: QUERY, operationName: "Viewer" }, { headers }),
  )) as Answer;
  const me = answer.data?.me;
  if (me && me.roles.length > 0) return { state: "signed-in", ...me, by: carriesToken(headers) ? "header" : "session" };
  const error = answer.errors?.[0];
  if (carriesToken(headers) && error) return { state: "unknown", reason: error.message };
  if (me || error?.extensions?.code === "UNAUTHENTICATED") return { state: "anonymous" };
  return { state: "unknown", reason: error?.message ?? "The server's answer was not understood." };
}

function carriesToken(headers: Record<string, string>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
}

/** Return the request headers that are written in the editor, or none while they are not a JSON object. */
function parseHeaders(text: string | null): Record<string, string> {
  try {
    return { ...(JSON.parse(text || "{}") as Record<string, string>) };
  } catch {
    return {};
  }
}

/** Ask the server who is asking: at first, and whenever the request headers change. */
export function useViewer(): Viewer {
  const [viewer, setViewer] = useState<Viewer>({ state: "asking" });
  const { fetcher, headers } = useGraphiQL(({ fetcher, tabs, activeTabIndex }) => ({
    fetcher,
    headers: tabs[activeTabIndex]?.headers?.trim() || null,
  }));

  useEffect(() => {
    let isCurrent = true;
    const show = (answer: Viewer) => isCurrent && setViewer(answer);
    const silent: Viewer = { state: "unknown", reason: "The server does not answer." };
    const timer = setTimeout(
      () => void ask(fetcher, parseHeaders(headers)).then(show, () => show(silent)),
      headers ? TYPING_PAUSE_MS : 0,
    );
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [fetcher, headers]);

  return viewer;
}
