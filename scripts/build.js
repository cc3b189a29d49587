/** Installs, generates and compiles what is missing or stale. */
import { build, main } from './prepare.js';

main(build);
