// Prints what other implementations make of our files: `mrtd FIRMWARE` by gce-tcb-verifier, `corim FILE` by veraison/corim.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/gce-tcb-verifier/tdx"
	"github.com/veraison/corim/comid"
	"github.com/veraison/corim/corim"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func mrtd(file []byte) {
	value, err := tdx.MRTD(tdx.LaunchOptionsDefault(""), file)
	must(err)
	fmt.Println(hex.EncodeToString(value[:]))
}

func references(file []byte) {
	var manifest corim.UnsignedCorim
	must(manifest.FromCBOR(file[3:]))
	must(manifest.Valid())
	for _, tag := range manifest.Tags {
		var module comid.Comid
		must(module.FromCBOR(tag))
		must(module.Valid())
		text, err := module.ToJSON()
		must(err)
		var value any
		must(json.Unmarshal(text, &value))
		must(json.NewEncoder(os.Stdout).Encode(value))
	}
}

func main() {
	file, err := os.ReadFile(os.Args[2])
	must(err)
	if os.Args[1] == "mrtd" {
		mrtd(file)
	} else {
		references(file)
	}
}
