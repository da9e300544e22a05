// Opens a checkpoint as a verifier that knows nothing of Sluice does: arguments are the origin and the verifier key, and the note is read from
// the standard input. Prints size and root in hex; ends with 1 when the note is refused.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	verifier, err := note.NewVerifier(os.Args[2])
	refuse(err)
	text, err := io.ReadAll(os.Stdin)
	refuse(err)
	// The origin is at once the name of the key that has to sign: C2SP tlog-checkpoint.
	if verifier.Name() != os.Args[1] {
		refuse(fmt.Errorf("the key is named %s, and the log %s", verifier.Name(), os.Args[1]))
	}
	checkpoint, _, _, err := log.ParseCheckpoint(text, os.Args[1], verifier)
	refuse(err)
	fmt.Printf("%d %x\n", checkpoint.Size, checkpoint.Hash)
}

func refuse(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
