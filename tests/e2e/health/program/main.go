// Command health says what kstatus and a health script of Argo CD make of an object.
//
// The object is JSON on standard input, the script a file, its argument. The answer is one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	exitOn(err)
	object := &unstructured.Unstructured{}
	exitOn(object.UnmarshalJSON(text))
	script, err := os.ReadFile(os.Args[1])
	exitOn(err)

	computed, err := status.Compute(object)
	exitOn(err)
	healthy, err := run(string(script), object)
	exitOn(err)
	exitOn(json.NewEncoder(os.Stdout).Encode(map[string]verdict{
		"kstatus": {computed.Status.String(), computed.Message},
		"argocd":  healthy,
	}))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs the script with the libraries that Argo CD gives to scripts of argocd-cm, of which os is left out.
func run(script string, object *unstructured.Unstructured) (verdict, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", value(state, object.Object))
	if err := state.DoString(script); err != nil {
		return verdict{}, err
	}
	answer, isTable := state.Get(-1).(*lua.LTable)
	if !isTable {
		return verdict{}, fmt.Errorf("the script returns %s, not a table", state.Get(-1).Type())
	}
	return verdict{answer.RawGetString("status").String(), answer.RawGetString("message").String()}, nil
}

// value is what Lua sees of a value of JSON: numbers are numbers, null is nil.
func value(state *lua.LState, found any) lua.LValue {
	switch found := found.(type) {
	case bool:
		return lua.LBool(found)
	case int64:
		return lua.LNumber(found)
	case float64:
		return lua.LNumber(found)
	case string:
		return lua.LString(found)
	case []any:
		list := state.NewTable()
		for _, each := range found {
			list.Append(value(state, each))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for name, each := range found {
			table.RawSetString(name, value(state, each))
		}
		return table
	}
	return lua.LNil
}
