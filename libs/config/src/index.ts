export { readSettings, SETTINGS, type Settings, SettingsError } from './settings.js';
export type { Address } from './values.js';
