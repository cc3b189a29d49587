import { z } from 'zod';
import { isNameComponent } from '#oci';

/** Names that paths of Berth's own begin with, or will. */
const RESERVED = new Set(
  [
    'v1 v2 v3 token api admin livez readyz healthz metrics anonymous berth oidc workflow login logout session sessions auth',
    'settings user users org orgs organizations packages package teams team sources search explore assets static public',
    'favicon.ico robots.txt new about help docs security status',
  ].flatMap((names) => names.split(' ')),
);

/** What users and organisations can be called. */
export const Login = z
  .string()
  .max(39, 'at most 39 characters')
  .refine((login) => isNameComponent(login.toLowerCase()), 'letters and digits, parted by single . _ or -')
  .refine((login) => !RESERVED.has(login.toLowerCase()), 'this name is reserved');
