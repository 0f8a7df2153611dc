// Judges our notes and proofs with golang.org/x/mod/sumdb, which we did not write, and makes some for us to judge.
//
// Standard input: a JSON list of requests. Standard output: a JSON list of answers, in the same order.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Do      string
	Note    string   // what note.Open opens
	Vkeys   []string // whose signatures it knows
	Seed    string   // of a key that signs
	Name    string   // under which it signs
	Text    string   // what it signs
	Leaf    string   // a leaf hash in base64
	Leaves  []string // leaves, in base64
	Index   int64
	Old     int64
	Size    int64
	OldRoot string
	Root    string
	Proof   []string
}

type answer struct {
	Error   string
	Signers []string
	Text    string
	Vkey    string
	Root    string
	Proof   []string
}

func main() {
	var requests []request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	answers := make([]answer, len(requests))
	for i, each := range requests {
		var err error
		answers[i], err = act(each)
		if err != nil {
			answers[i].Error = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(answers)
}

func act(r request) (answer, error) {
	switch r.Do {
	case "open":
		return open(r)
	case "sign":
		return sign(r)
	case "check record":
		root, leaf, proof, err := material(r.Root, r.Leaf, r.Proof)
		if err != nil {
			return answer{}, err
		}
		return answer{}, tlog.CheckRecord(proof, r.Size, root, r.Index, leaf)
	case "check tree":
		root, old, proof, err := material(r.Root, r.OldRoot, r.Proof)
		if err != nil {
			return answer{}, err
		}
		return answer{}, tlog.CheckTree(tlog.TreeProof(proof), r.Size, root, r.Old, old)
	case "prove record", "prove tree":
		return prove(r)
	}
	return answer{}, errors.New("no such request: " + r.Do)
}

func open(r request) (answer, error) {
	var known []note.Verifier
	for _, vkey := range r.Vkeys {
		verifier, err := verifierOf(vkey)
		if err != nil {
			return answer{}, err
		}
		known = append(known, verifier)
	}
	opened, err := note.Open([]byte(r.Note), note.VerifierList(known...))
	if err != nil {
		return answer{}, err
	}
	found := answer{Text: opened.Text}
	for _, each := range opened.Sigs {
		found.Signers = append(found.Signers, each.Name)
	}
	return found, nil
}

func sign(r request) (answer, error) {
	seed := sha256.Sum256([]byte(r.Seed))
	private := ed25519.NewKeyFromSeed(seed[:])
	vkey, err := note.NewEd25519VerifierKey(r.Name, private.Public().(ed25519.PublicKey))
	if err != nil {
		return answer{}, err
	}
	parts := strings.SplitN(vkey, "+", 3)
	material := base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...))
	signer, err := note.NewSigner("PRIVATE+KEY+" + parts[0] + "+" + parts[1] + "+" + material)
	if err != nil {
		return answer{}, err
	}
	signed, err := note.Sign(&note.Note{Text: r.Text}, signer)
	return answer{Text: string(signed), Vkey: vkey}, err
}

func prove(r request) (answer, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for n, each := range r.Leaves {
		leaf, err := base64.StdEncoding.DecodeString(each)
		if err != nil {
			return answer{}, err
		}
		more, err := tlog.StoredHashes(int64(n), leaf, reader)
		if err != nil {
			return answer{}, err
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(r.Size, reader)
	if err != nil {
		return answer{}, err
	}
	var proof []tlog.Hash
	if r.Do == "prove record" {
		proof, err = tlog.ProveRecord(r.Size, r.Index, reader)
	} else {
		proof, err = tlog.ProveTree(r.Size, r.Old, reader)
	}
	found := answer{Root: root.String()}
	for _, each := range proof {
		found.Proof = append(found.Proof, each.String())
	}
	return found, err
}

func material(root, other string, proof []string) (tlog.Hash, tlog.Hash, tlog.RecordProof, error) {
	var hashes []tlog.Hash
	for _, each := range append([]string{root, other}, proof...) {
		hash, err := tlog.ParseHash(each)
		if err != nil {
			return tlog.Hash{}, tlog.Hash{}, nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes[0], hashes[1], tlog.RecordProof(hashes[2:]), nil
}

// verifierOf knows what the package knows, and cosignatures, of which this version of it has never heard.
func verifierOf(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) == 3 {
		key, err := base64.StdEncoding.DecodeString(parts[2])
		if err == nil && len(key) == 1+ed25519.PublicKeySize && key[0] == 4 {
			id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
			return cosigner{parts[0], binary.BigEndian.Uint32(id[:4]), ed25519.PublicKey(key[1:])}, nil
		}
	}
	return note.NewVerifier(vkey)
}

// cosigner verifies cosignature/v1 of C2SP tlog-cosignature.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.id }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	moment := binary.BigEndian.Uint64(signature)
	return ed25519.Verify(c.key, []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", moment, text)), signature[8:])
}
