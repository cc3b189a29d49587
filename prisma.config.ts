import { defineConfig } from 'prisma/config';

// Only for Prisma's own commands (`prisma generate`, `prisma migrate deploy`); Berth itself reads its settings elsewhere.
const url = process.env.BERTH_DATABASE_URL;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url ? { datasource: { url } } : {}),
});
