import { describe, expect, it } from 'vitest';
import { parseSourceUrl } from './source-url.js';

describe('parseSourceUrl', () => {
  it.each([
    ['https://git.example/acme/app', 'https://git.example/acme/app'],
    ['https://git.example/Acme/App.git', 'https://git.example/acme/app'],
    ['https://GIT.example:443/acme/app///', 'https://git.example/acme/app'],
    ['https://user:secret@git.example/acme/app?x=1#readme', 'https://git.example/acme/app'],
    ['http://git.example:3000/acme/app', 'http://git.example:3000/acme/app'],
  ])('reads %s', (text, url) => {
    expect(parseSourceUrl(text)).toBe(url);
  });

  it.each([
    '',
    'acme/app',
    'git@git.example:acme/app.git',
    'ssh://git.example/acme/app',
    'javascript:alert(1)',
    'https://git.example',
    'https://git.example/',
    `https://git.example/${'a'.repeat(2000)}`,
    `https://git.example/${'ä'.repeat(700)}`,
  ])('refuses %.60s', (text) => {
    expect(parseSourceUrl(text)).toBeUndefined();
  });

  it('is not slowed down by slashes', () => {
    expect(parseSourceUrl(`https://git.example/a${'/'.repeat(1900)}b`)).toMatch(/b$/);
  });
});
