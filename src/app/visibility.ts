/** The engine's word of what is visible, as the API listens to it: each workspace's part of a change. */
import type { ServerOptions } from '../api/server.ts';
import type { Visibility } from '../projections/engine/visibility.ts';

export const byWorkspace = (visibility: Visibility): ServerOptions['visibility'] => ({
  ...visibility,
  onChange: listener =>
    visibility.onChange(({ position, changed, gap }) => {
      if (gap) listener({ kind: 'missed', position });
      for (const [workspaceId, models] of changed)
        listener({
          kind: 'changed',
          position,
          workspaceId,
          rows: [...models].map(([model, ids]) => ({ model, ids })),
        });
    }),
});
