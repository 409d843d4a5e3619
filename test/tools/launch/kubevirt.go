// Reads a VirtualMachine of KubeVirt strictly, by KubeVirt's own types, and prints two lines of JSON: the file as it is, and the
// value that the types made of it.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	v1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	var machine v1.VirtualMachine
	var given any
	if err == nil {
		err = yaml.UnmarshalStrict(text, &machine)
	}
	if err == nil {
		err = yaml.Unmarshal(text, &given)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, value := range []any{given, machine} {
		line, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}
