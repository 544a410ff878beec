/** The first page: what is here. */
import type { FastifyInstance } from 'fastify';

export type Link = { readonly href: string; readonly text: string; readonly about: string };

export function serveLanding(app: FastifyInstance, links: readonly Link[]): void {
  const page = landingPage(links);
  app.get('/', async (_, reply) => reply.type('text/html; charset=utf-8').send(page));
}

const landingPage = (links: readonly Link[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Relata</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #1f2933; background: #fff }
dt { font-weight: 600; margin-top: 1rem } dd { margin: 0 } a { color: #0b5cad }
</style>
</head>
<body>
<main>
<h1>Relata</h1>
<p>The CRM that never forgets is running.</p>
<dl>
${links.map(({ href, text, about }) => `<dt><a href="${href}">${text}</a></dt><dd>${about}</dd>`).join('\n')}
</dl>
</main>
</body>
</html>
`;
