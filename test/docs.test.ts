import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const documents = globSync('**/*.md', {
  cwd: ROOT,
  exclude: (path) => /(?:^|\/)(?:node_modules|dist|data|generated)(?:\/|$)/.test(path),
}).sort();
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** The names under which a document's headings can be linked to, as GitHub makes them. */
const anchorsOf = (text: string) =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );

it('finds the documents', () => {
  expect(documents).toContain('README.md');
  expect(documents).toContain('docs/ARCHITECTURE.md');
});

describe.each(documents)('%s', (path) => {
  it('links only to what is there', () => {
    const links = [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), decodeURIComponent(file));
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe('docs/ARCHITECTURE.md', () => {
  const paths = [
    ...read('docs/ARCHITECTURE.md').matchAll(/`((?:apps|libs|test|prisma|scripts|bench|docs)\/[^`\s]*)`/g),
  ];

  it('speaks of files and folders that exist', () => {
    const named = [...new Set(paths.map(([, path = '']) => path))];
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('speaks of every app and library', () => {
    const text = read('docs/ARCHITECTURE.md');
    const folders = globSync('{apps,libs}/*/src', { cwd: ROOT }).map((path) => dirname(path));
    expect(folders.filter((folder) => !text.includes(`\`${folder}\``))).toEqual([]);
  });
});

describe('docs/adr', () => {
  const records = globSync('docs/adr/[0-9]*.md', { cwd: ROOT }).sort();

  it('has every record in its index, each number once', () => {
    const index = read('docs/adr/README.md');
    const numbers = records.map((path) => /\/([0-9]{4})-[a-z0-9-]+\.md$/.exec(path)?.[1] ?? path);
    expect(new Set(numbers).size).toBe(records.length);
    records.forEach((path, i) => {
      const title = /^# (\d+)\. (.+)$/m.exec(read(path));
      expect(title?.[1]).toBe(String(Number(numbers[i])));
      expect(index).toContain(`| [${numbers[i]}](${path.slice('docs/adr/'.length)}) | ${title?.[2]} |`);
    });
  });

  it.each(records)('%s tells context, decision and cost on one page', (path) => {
    const text = read(path);
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(['Context', 'Decision', 'Cost']);
    expect(text.split('\n').length).toBeLessThan(60);
  });
});
