package flk

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Flags that registration reports always write (P-01).
var (
	flags105 = []tlv.Tag{ffd.TagAutoMode, ffd.TagOfflineMode, ffd.TagEncryptionSign, ffd.TagInternetSign, ffd.TagBSOSign, ffd.TagPrintInMachineSign}
	flags11  = append(append([]tlv.Tag{}, flags105...), ffd.TagLotterySign, ffd.TagGamblingSign, ffd.TagExciseDutyProductSign)
)

// warningFlags stand in shift reports only when the event occurred (P-08).
var warningFlags = []tlv.Tag{ffd.TagFNExhaustionSign, ffd.TagFNReplaceRequiredSign, ffd.TagFNMemoryExceededSign, ffd.TagOFDResponseTimeoutSign}

// transmissionTags name the operator (P-04).
var transmissionTags = []tlv.Tag{ffd.TagOFDINN, ffd.TagOFDName, ffd.TagFNSSite, ffd.TagSellerAddress}

// unsentTags count unsent documents (P-09).
var unsentTags = []tlv.Tag{ffd.TagUnsentFirstNumber, ffd.TagUnsentCount, ffd.TagUnsentFirstTime, ffd.TagUnsentCounters}

// Group P as far as one report shows.
//
// P-06 is an error in flk.md, but the tables of FFD 1.1 make 1205 optional and
// those of 1.2 come from one source.
var reportRules = []Rule{
	{ID: "P-01", Severity: Error, FFD: before12, Forms: formsRegistration, Source: "O, K", Code: codeMissing,
		Text: "Признаки режимов ККТ в отчёте о регистрации указываются всегда: 0 или 1", document: flagsWritten},
	{ID: "P-02", Severity: Error, FFD: vAll, Forms: formsRegistration, Path: []tlv.Tag{ffd.TagEncryptionSign}, Source: "O", Code: 9802,
		Text: "В автономном режиме (1002 = 1) шифрование (1056) невозможно", document: noOfflineEncryption},
	{ID: "P-03", Severity: Error, FFD: vAll, Forms: formsRegistration, Path: []tlv.Tag{ffd.TagMachineNumber}, Source: "O", Code: codeMissing,
		Text: "В автоматическом режиме (1001 = 1) указывается номер автомата (1036)", document: machineGiven},
	{ID: "P-04", Severity: Error, FFD: vAll, Forms: formsRegistration, Source: "O", Code: codeMissing,
		Text: "В режиме передачи данных (1002 = 0) указываются 1017, 1046, 1060 и 1117", document: operatorGiven},
	{ID: "P-05", Severity: Error, FFD: v105, Forms: formsChange, Path: []tlv.Tag{ffd.TagChangeReason}, Source: "O", Code: 9805,
		Text: "Отчёт об изменении параметров должен содержать причину (1101) от 1 до 4", document: reasonGiven},
	{ID: "P-06", Severity: Warning, FFD: from11, Forms: formsChange, Path: []tlv.Tag{ffd.TagChangeReasons}, Source: "K", Code: 9806,
		Text: "Отчёт об изменении параметров должен содержать хотя бы одну причину (1205)", document: reasonsGiven},
	{ID: "P-08", Severity: Error, FFD: vAll, Forms: formsShift, Source: "O", Code: 9808,
		Text: "Признаки 1050–1053 указываются только со значением 1", document: warningsOnlySet},
	{ID: "P-09", Severity: Error, FFD: vAll, Forms: formsState, Source: "O", Code: 9809,
		Text: "Отчёт о состоянии расчётов содержит либо сведения о непереданных документах, либо признак автономного режима (1002)", document: unsentOrOffline},
}

func flagsWritten(c *checker, r *Rule) {
	flags := flags105
	if c.ffd == fiscal.FFD11 {
		flags = flags11
	}
	for _, t := range flags {
		n := c.root.get(t)
		if n == nil {
			c.missing(r, nil, t)
		} else if v := number(n); v > 1 {
			c.failAt(r, n, fmt.Sprintf("%s — значение %d", named([]tlv.Tag{t}), v), t)
		}
	}
}

func noOfflineEncryption(c *checker, r *Rule) {
	if c.root.uint(ffd.TagOfflineMode) == 1 && c.root.uint(ffd.TagEncryptionSign) == 1 {
		c.fail(r, c.root.get(ffd.TagEncryptionSign), "")
	}
}

func machineGiven(c *checker, r *Rule) {
	if c.root.uint(ffd.TagAutoMode) == 1 && !c.root.has(ffd.TagMachineNumber) {
		c.missing(r, nil, ffd.TagMachineNumber)
	}
}

// operatorGiven is P-04; what a version does not know it need not carry.
func operatorGiven(c *checker, r *Rule) {
	if c.root.uint(ffd.TagOfflineMode) == 1 {
		return
	}
	for _, t := range transmissionTags {
		if !c.root.has(t) && ffd.Lookup(t).In(c.ffd) {
			c.missing(r, nil, t)
		}
	}
}

func reasonGiven(c *checker, r *Rule) {
	found := false
	for i := range c.root.nodes {
		n := &c.root.nodes[i]
		if n.Tag != ffd.TagChangeReason {
			continue
		}
		found = true
		if v := number(n); v < 1 || v > 4 {
			c.fail(r, n, fmt.Sprintf("значение %d", v))
		}
	}
	if !found {
		c.missing(r, nil, ffd.TagChangeReason)
	}
}

func reasonsGiven(c *checker, r *Rule) {
	n := c.root.get(ffd.TagChangeReasons)
	switch {
	case n == nil:
		c.missing(r, nil, ffd.TagChangeReasons)
	case number(n) == 0:
		c.fail(r, n, "ни одного бита")
	}
}

func warningsOnlySet(c *checker, r *Rule) {
	for _, t := range warningFlags {
		if n := c.root.get(t); n != nil && number(n) != 1 {
			c.failAt(r, n, fmt.Sprintf("%s — значение %d", named([]tlv.Tag{t}), number(n)), t)
		}
	}
}

// unsentOrOffline is P-09. That 1158 belongs to it in FFD 1.2 is known from one
// source only.
func unsentOrOffline(c *checker, r *Rule) {
	offline := c.root.get(ffd.TagOfflineMode)
	if number(offline) == 1 {
		for _, t := range unsentTags {
			if n := c.root.get(t); n != nil {
				c.failAt(r, n, "в автономном режиме лишний "+named([]tlv.Tag{t}), t)
			}
		}
		return
	}
	if offline != nil {
		c.failAt(r, offline, "1002 указывается только в автономном режиме", ffd.TagOfflineMode)
	}
	for _, t := range unsentTags {
		if c.root.has(t) || !ffd.Lookup(t).In(c.ffd) {
			continue
		}
		if t == ffd.TagUnsentCounters && c.ffd == fiscal.FFD12 {
			c.warnAt(r, nil, "нет "+named([]tlv.Tag{t}), t)
		} else {
			c.missing(r, nil, t)
		}
	}
}
