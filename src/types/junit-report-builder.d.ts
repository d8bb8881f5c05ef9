/** The part of junit-report-builder 5.1 that the gate uses. Its own types describe a default export it does not have. */
declare module 'junit-report-builder' {
  interface TestCase {
    className(name: string): this;
    name(name: string): this;
    failure(message: string): this;
    error(message: string): this;
    skipped(): this;
    standardOutput(text: string): this;
  }
  interface TestSuite {
    name(name: string): this;
    testCase(): TestCase;
  }
  interface Builder {
    testSuite(): TestSuite;
    build(): string;
  }
  const root: { newBuilder(): Builder };
  export default root;
}
