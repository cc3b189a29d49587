export { garbageRules } from './garbage-rules.js';
export { PART_NAMES, type Part } from './parts.js';
export { readSettings, SETTING_NAMES, type Settings, SettingsError } from './settings.js';
export { type Address, duration } from './values.js';
