export { useCase } from './provide-use-cases.js';
export { SETTINGS } from './settings.js';
