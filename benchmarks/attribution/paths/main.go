// Paths writes a synthetic file of paths: paths N > FILE.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/attribution"
	synthetic "github.com/tabi-go/tabi/benchmarks/attribution"
)

func main() {
	n := 1_000_000
	if len(os.Args) > 1 {
		var err error
		if n, err = strconv.Atoi(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, "usage: paths N")
			os.Exit(2)
		}
	}
	w := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(w, "path,total_conversions,total_conversion_value,total_null")
	err := synthetic.Rows(n, 50, false, func(r attribution.Row) error {
		_, err := fmt.Fprintf(w, "%s,%v,%d,%v\n", strings.Join(r.Channels, " > "), r.Conversions, r.Value, r.Nulls)
		return err
	})
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
