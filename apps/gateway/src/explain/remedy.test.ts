import { expect, it } from 'vitest';
import { ACTIONS } from '#auth';
import { remedyFor } from './remedy.js';

const REFUSING = [
  'token scope missing',
  'token confined elsewhere',
  'token not authorised for single sign-on',
  'nobody owns the name',
  'no package in name',
  'no right',
];

it.each(REFUSING)('has a remedy for %s, whoever was refused what', (rule) => {
  for (const action of ACTIONS) {
    for (const who of ['user', 'workflow', 'anonymous'] as const) {
      expect(remedyFor(rule, action, who)).toMatch(/^[a-z].{20,}[^.]$/);
    }
  }
});

it('has none for rules that let in', () => {
  expect(remedyFor('namespace owner', 'pull', 'user')).toBeUndefined();
});
