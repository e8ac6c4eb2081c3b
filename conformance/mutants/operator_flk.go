package mutants

// off is a rule of format control switched off by its setting.
func off(rule, text string, by ...string) Mutant {
	if len(by) == 0 {
		by = []string{"F-" + rule}
	}
	return Mutant{ID: rule + "/off", Breaks: text, Spec: rule, Settings: map[string]string{"rule." + rule: "off"}, By: by}
}

// flkOff are the rules of severity E, of single documents and of history, and those of
// lower severity that a case asks for.
var flkOff = []Mutant{
	off("S-01", "An unknown form is not found."), off("S-02", "A structure that is not filled is not found."),
	off("S-03", "The length of a document of FFD 1.05 and 1.1 is not looked at.", "O-106"), off("S-04", "The length of a document of FFD 1.2 is not looked at.", "O-106"),
	off("S-06", "A requisite that stands twice is not found."), off("S-07", "A missing requisite is not found."),
	off("S-08", "Lengths of values are not looked at."), off("S-09", "Letters in numbers are not found."),
	off("S-10", "Values outside their lists are taken."), off("S-12", "A document without a format version is taken."),
	off("S-13", "A document of another format version than the registration is taken."), off("S-14", "Format versions of register and drive are not looked at."),
	off("I-03", "The registration number is not compared."), off("I-04", "The user's INN is not looked at."), off("I-05", "The operator's INN is not looked at."),
	off("Q-01", "A registration may have any number."), off("Q-02", "A report on a new drive may have any number."),
	off("Q-03", "A gap is not noted.", "O-201"), off("Q-04", "Shifts may be numbered anyhow."), off("Q-05", "Receipts may stand outside a shift."),
	off("Q-06", "Receipts of a shift may be numbered anyhow.", "O-093"), off("Q-07", "A closing report may close any shift."),
	off("Q-08", "Counts of a closing report are not compared."), off("Q-09", "A state report may name a shift between shifts."),
	off("Q-10", "The format version may change at any time."), off("Q-11", "The last shift of a closed drive is not compared."),
	off("Q-12", "A second opening is not found.", "O-012"),
	off("D-03", "Dates may be of any year."), off("D-05", "A correction may be of a day to come."),
	off("M-01", "Price times quantity is not compared."), off("M-02", "Items and total are not compared."), off("M-03", "Payments and total are not compared."),
	off("M-05", "Items and total of a correction are not compared."), off("M-07", "Marked instances may be sold by the dozen."),
	off("V-01", "A receipt may have no VAT."), off("V-02", "A rate may have no total."), off("V-05", "Turnover without VAT is not compared."),
	off("R-01", "Any operation type is taken."), off("R-02", "Any tax system is taken."), off("R-04", "An agent's supplier may be left out."),
	off("R-05", "An item may have no name."), off("R-07", "Excise goods may be sold by anybody."), off("R-08", "In autonomous mode any number of items may name a supplier."), off("R-10", "An automat may have no number in receipts."),
	off("R-14", "A correction may have no basis."), off("R-11", "A missing cashier is not noted.", "O-201"),
	off("P-01", "Signs of a registration may be left out."), off("P-02", "Autonomous registers may encrypt."), off("P-03", "An automat may have no number."),
	off("P-04", "The operator may be left out of a registration."), off("P-05", "A change may have any reason."), off("P-06", "A change without a reason is not noted.", "O-201"),
	off("P-08", "Warnings may stand with any value."), off("P-09", "A state report may say nothing of the queue."),
}

const (
	moneyFile   = "fiscal/flk/money.go"
	datesFile   = "fiscal/flk/dates.go"
	reportFile  = "fiscal/flk/report.go"
	receiptFile = "fiscal/flk/receipt.go"
	walkFile    = "fiscal/flk/walk.go"
	idFile      = "fiscal/flk/identity.go"
)

// flkBent are rules that are nearly right.
var flkBent = []Mutant{
	edited("M-01/kopeck", "The sum of an item must be exact, without the kopeck of tolerance.", "M-01", moneyFile, `return hi != 0 || lo > scale`, `return hi != 0 || lo > 0`, "F-M-01"),
	edited("M-01/two-kopecks", "The sum of an item may be two kopecks off.", "M-01", moneyFile, `return hi != 0 || lo > scale`, `return hi != 0 || lo > 2*scale`, "F-M-01"),
	edited("M-02/kopeck", "The total must be that of the items to the kopeck.", "M-02", moneyFile, `total/100 != c.totals.sum/100 {`, `total != c.totals.sum {`, "O-202"),
	edited("M-03/no-1217", "Payments in kind are not counted.", "M-03", moneyFile, `ffd.TagCreditSum, ffd.TagProvisionSum}`, `ffd.TagCreditSum}`, "F-M-03"),
	edited("M-03/less-only", "Only payments below the total are found.", "M-03", moneyFile, `total := number(n); paid != total {`, `total := number(n); paid < total {`, "O-202"),
	edited("M-05/no-items", "A correction of FFD 1.05 must have items.", "M-05", moneyFile, `if n == nil || c.totals.items == 0 || c.totals.unreadable {`, `if n == nil || c.totals.unreadable {`, "F-M-05"),
	edited("M-07/kind", "Furs may be sold by the dozen.", "M-07", moneyFile, `[2]byte{0x52, 0x46}, `, ``, "O-202"),
	edited("D-03/old", "A date before the formats is taken.", "D-03", datesFile, `case at < firstDate:`, `case at == 0:`, "F-D-03"),
	edited("D-03/future", "A date of the future is taken.", "D-03", datesFile, `int64(at)-c.ctx.Now.Unix() > day:`, `c == nil:`, "O-202"),
	edited("D-03/zones", "A date of the eastmost zone is refused.", "D-03", datesFile, `int64(at)-c.ctx.Now.Unix() > day:`, `int64(at)-c.ctx.Now.Unix() > day/4:`, "O-202"),
	edited("D-05/time-of-day", "The day of a correction may have a time.", "D-05", datesFile, `	if at%day != 0 {
		c.fail(r, n, "указано время суток")`, `	if at == 0 {
		c.fail(r, n, "указано время суток")`, "O-202"),
	edited("P-04/no-1117", "A registration need not name the sender of receipts.", "P-04", reportFile, `ffd.TagFNSSite, ffd.TagSellerAddress}`, `ffd.TagFNSSite}`, "O-202"),
	edited("P-09/autonomous", "A state report of transfer mode may say that it is autonomous.", "P-09", reportFile, `	if offline != nil {
		c.failAt`, `	if c == nil {
		c.failAt`, "O-202"),
	edited("P-08/zero", "A warning may stand with value 0.", "P-08", reportFile, `n != nil && number(n) != 1 {`, `n != nil && number(n) > 1 {`, "F-P-08"),
	edited("R-01/twice", "A receipt may have two operation types.", "R-01", receiptFile, `	if count > 1 {`, `	if count > 9 {`, "O-202"),
	edited("R-01/correction", "A correction of FFD 1.05 may be a refund.", "R-01", receiptFile, `case c.ffd <= fiscal.FFD105 && c.document.Form.IsCorrection() &&`, `case c.ffd < fiscal.FFD10 && c.document.Form.IsCorrection() &&`, "O-202"),
	edited("R-02/zero", "A receipt may have no tax system at all.", "R-02", receiptFile, `case bits.OnesCount64(v) != 1 || v > allTaxations:`, `case bits.OnesCount64(v) > 1 || v > allTaxations:`, "O-202"),
	edited("R-04/item", "Only 1057 makes an agent.", "R-04", receiptFile, `	if c.totals.agents == 0 && c.root.uint(ffd.TagAgentType) == 0 {`, `	if c.root.uint(ffd.TagAgentType) == 0 {`, "F-R-04"),
	edited("S-08/empty", "An empty number is too short.", "S-08", walkFile, `case info.Fixed && got == info.Length, !info.Fixed && got <= info.Length:`, `case info.Fixed && got == info.Length, !info.Fixed && got <= info.Length && got > 0:`, "O-202"),
	edited("S-08/fixed", "A fixed value may be short.", "S-08", walkFile, `case info.Fixed && got == info.Length, !info.Fixed && got <= info.Length:`, `case got <= info.Length:`, "O-202"),
	edited("S-10/reserved", "Reserved bits are taken.", "S-10", "fiscal/flk/plan.go", `return n&^e.mask == 0 && (`, `return (`, "F-B-02"),
	edited("I-03/check-digits", "The check digits of the registration number are not computed.", "I-03", idFile, `if fiscal.RegNumber(text).Check(inn, ffd.NodeText(factory)) != nil {`, `if inn == "-" {`, "O-004", "F-I-06"),
	edited("I-04/zeros", "An INN of ten digits after two zeros is refused.", "I-04", idFile, `if len(text) == 12 && text[0] == '0' && text[1] == '0' && innValid(text[2:]) {`, `if text == nil {`, "O-202"),
	edited("I-05/foreign", "Any operator's INN is right.", "I-05", idFile, `case c.ctx.OFD != "" && string(text) != string(c.ctx.OFD):`, `case text == nil:`, "F-I-05"),
}
