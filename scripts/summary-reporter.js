/** Writes what scripts/test.js ends with to the file in BERTH_TEST_SUMMARY. */
import { writeFileSync } from 'node:fs';

export default class SummaryReporter {
  onTestRunEnd(modules, errors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state) => tests.filter((test) => test.result().state === state);
    // A file that cannot be loaded, a hook that fails and an error outside of any test have no test to count.
    const brokenSuites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = brokenSuites.filter((suite) => suite.errors().length > 0).length + errors.length;
    const summary = {
      passed: inState('passed').length,
      failed: inState('failed').length + broken,
      skipped: inState('skipped').map((test) => ({
        name: `${test.module.relativeModuleId} > ${test.fullName}`,
        reason: test.result().note ?? 'the test gives no reason',
      })),
    };
    writeFileSync(process.env.BERTH_TEST_SUMMARY, JSON.stringify(summary));
  }
}
