/** Tells a person what a benchmark does beside measuring; standard output is for its rows. */
export const say = (line: string): void => void process.stderr.write(`killswitch-lab: ${line}\n`);
