export { garbageRules } from './garbage-rules.js';
export type { Part } from './parts.js';
export { readSettings, type Settings, SettingsError } from './settings.js';
export { type Address, duration } from './values.js';
