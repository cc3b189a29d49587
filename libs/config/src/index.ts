export type { Part } from './parts.js';
export { readSettings, type Settings, SettingsError } from './settings.js';
export type { Address } from './values.js';
