/** Server-sent events as text, for what a client that others wrote would not show: ids, comments, and the end. */
export type Message = {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly comment?: string;
};

/** @param lastSeen as a reader that reconnects says it. */
export async function openStream(address: string, lastSeen?: string) {
  const over = new AbortController();
  const answer = await fetch(address, {
    headers: { accept: 'text/event-stream', ...(lastSeen !== undefined && { 'last-event-id': lastSeen }) },
    signal: over.signal,
  });
  const messages = answer.ok && answer.body ? parse(answer.body) : undefined;
  const next = async (): Promise<Message | undefined> => (await messages?.next())?.value ?? undefined;
  return {
    status: answer.status,
    headers: answer.headers,
    text: () => answer.text(),
    /** The next message; nothing once the stream has ended. */
    next,
    /** The next so many events of the feed's. */
    events: async (count: number) => {
      const events: { id: string; event: Record<string, unknown> }[] = [];
      while (events.length < count) {
        const message = await next();
        if (!message) throw new Error(`it ended after ${events.length} of ${count} events`);
        if (message.event === undefined && message.data !== undefined)
          events.push({ id: message.id ?? '', event: JSON.parse(message.data) });
      }
      return events;
    },
    leave: () => over.abort(),
  };
}

export type Stream = Awaited<ReturnType<typeof openStream>>;

async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<Message, void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) yield messageOf(block);
  }
}

function messageOf(block: string): Message {
  const fields = block.split('\n').map(line => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon) || 'comment', line.slice(colon + 1).trim()] as const;
  });
  return Object.fromEntries(fields);
}
