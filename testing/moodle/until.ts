/** Lets other requests go on until something is so. */
export const until = async (isTrue: () => boolean) => {
  for (let turn = 0; !isTrue(); turn += 1) {
    if (turn > 2000) {
      throw new Error('waited in vain');
    }

    await new Promise(resolve => setTimeout(resolve, 2));
  }
};
