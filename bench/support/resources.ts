/** What a benchmark opens, closed in reverse when it ends. */
export type Closable = { close(): Promise<void> };
export type Resources = {
  /** Closed at the end, if it isn't before; `close` may be called twice. */
  readonly use: <T extends Closable>(resource: T) => T;
};

export function scopedResources(): Resources & { readonly closeAll: () => Promise<void> } {
  const opened: Closable[] = [];
  return {
    use: resource => {
      opened.push(resource);
      return resource;
    },
    closeAll: async () => {
      const failures: unknown[] = [];
      // One after the other, and each is tried: what stays open would outlive us.
      for (let resource = opened.pop(); resource; resource = opened.pop())
        await resource.close().catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed');
    },
  };
}
