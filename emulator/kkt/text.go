package kkt

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// replacements are the characters that CP866 lacks and everybody types. The rest
// is refused: nobody knows what to print instead. Ё and № are in CP866.
var replacements = map[rune]string{
	'«': `"`, '»': `"`, '“': `"`, '”': `"`, '„': `"`, '‘': "'", '’': "'", '‹': "'", '›': "'",
	'—': "-", '–': "-", '‑': "-", '−': "-", '…': "...", '×': "x", '•': "*", '₽': "руб.",
	'\u2009': " ", '\u202f': " ", '\u2007': " ", '\u200b': "", '\ufeff': "", '®': "(R)", '™': "(TM)", '©': "(C)",
	'½': "1/2", '¼': "1/4", '¾': "3/4", '²': "2", '³': "3",
}

// encodable returns s with the characters replaced that CP866 lacks, and what was
// replaced, for the warning. bad is the first character that has no replacement.
func encodable(s string) (out string, replaced []rune, bad rune) {
	clean := true
	for _, r := range s {
		if _, ok := charmap.CodePage866.EncodeRune(r); !ok {
			clean = false
			break
		}
	}
	if clean {
		return s, nil, 0
	}
	var b strings.Builder
	for _, r := range s {
		if _, ok := charmap.CodePage866.EncodeRune(r); ok {
			b.WriteRune(r)
			continue
		}
		sub, ok := replacements[r]
		if !ok {
			return "", replaced, r
		}
		b.WriteString(sub)
		if !strings.ContainsRune(string(replaced), r) {
			replaced = append(replaced, r)
		}
	}
	return b.String(), replaced, 0
}

// replacedWarning says what was changed in a field, without its text.
func replacedWarning(place string, replaced []rune) string {
	parts := make([]string, len(replaced))
	for i, r := range replaced {
		parts[i] = fmt.Sprintf("%q на %q", string(r), replacements[r])
	}
	return place + ": заменены символы, которых нет в CP866: " + strings.Join(parts, ", ")
}
