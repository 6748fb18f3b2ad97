// Reads a dashboard from stdin with Grafana's own types (grafana-foundation-sdk, generated from Grafana's schema), strictly:
// prints what is missing, unknown, of a wrong type or out of its bounds, and exits with status 1 if there is anything.
// Stdout gets what was read, for the SDK ignores some unknown fields in silence, and those are not in it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins() // the types of panels and of Prometheus' queries
	strict, read := dashboard.Dashboard{}, dashboard.Dashboard{}
	text, err := io.ReadAll(os.Stdin)
	faults := said(err) + said(strict.UnmarshalJSONStrict(text)) // leaves out panels that are right: its result is of no use
	faults += said(json.Unmarshal(text, &read)) + said(read.Validate())
	if faults != "" {
		fmt.Fprint(os.Stderr, faults)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(read); err != nil {
		panic(err)
	}
}

// What an error says, one fault a line. The SDK returns an empty list of errors, which is not nil, where there is none.
func said(err error) string {
	if err == nil || err.Error() == "" {
		return ""
	}
	return err.Error() + "\n"
}
