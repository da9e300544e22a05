/** Starts a process and stops it in order on SIGTERM or SIGINT. A failed start prints one message and exits with code 1. */
export const runUntilSignalled = async (start: () => Promise<{ stop(): Promise<void> }>): Promise<void> => {
  try {
    const running = await start();
    const stop = (): void => {
      running.stop().then(
        () => process.exit(0),
        (error) => {
          console.error(error);
          process.exit(1);
        },
      );
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
};
