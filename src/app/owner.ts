/** Who and where everyone is until people sign in and there are several workspaces. */
export const DEFAULT_WORKSPACE = 'default';
export const SEEDED_OWNER = { type: 'user', id: '00000000-0000-7000-8000-000000000001' } as const;
