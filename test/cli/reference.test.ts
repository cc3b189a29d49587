// docs/cli.md and the program's own help say the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { EXIT } from '../../apps/cli/src/failure.js';
import { reference } from './reference.js';

const PAGE = resolve(import.meta.dirname, '../../docs/cli.md');
const MARK = /(<!-- What follows is compared[^\n]+\n\n)([\s\S]*)$/;

it('lists every command, argument and option in docs/cli.md', () => {
  const page = readFileSync(PAGE, 'utf8');
  const [, mark = '', listed] = MARK.exec(page) ?? [];
  if (process.env.UPDATE_CLI_REFERENCE)
    writeFileSync(
      PAGE,
      page.replace(MARK, () => mark + reference()),
    );
  else expect(listed).toBe(reference());
});

it('lists every exit code', () => {
  const rows = [...readFileSync(PAGE, 'utf8').matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, code, name]) => [
    name,
    Number(code),
  ]);
  expect(Object.fromEntries(rows)).toEqual(EXIT);
});
