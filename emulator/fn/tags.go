package fn

import (
	"slices"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// requiredTags are those that the tables of FFD 1.1 and of FFD 1.2 both call
// mandatory and that the drive does not add itself. The tables of 1.1 were
// cross-checked, those of 1.2 have one source, so only what both say counts.
var requiredTags = map[fiscal.Form][]tlv.Tag{
	formRegistration:             registrationTags,
	formChange:                   registrationTags,
	formOpenShift:                {ffd.TagKKTVersion, ffd.TagKKTFFDVersion},
	fiscal.FormReceipt:           append([]tlv.Tag{ffd.TagAppliedTaxationType, ffd.TagItem}, paymentTags...),
	fiscal.FormBSO:               append([]tlv.Tag{ffd.TagAppliedTaxationType, ffd.TagItem}, paymentTags...),
	fiscal.FormReceiptCorrection: append([]tlv.Tag{ffd.TagAppliedTaxationType, ffd.TagCorrectionBase}, paymentTags...),
	fiscal.FormBSOCorrection:     append([]tlv.Tag{ffd.TagAppliedTaxationType, ffd.TagCorrectionBase}, paymentTags...),
	formCloseArchive:             {ffd.TagUser},
}

var (
	registrationTags = []tlv.Tag{ffd.TagRetailPlaceAddress, ffd.TagKKTNumber, ffd.TagUser, ffd.TagRetailPlace, ffd.TagKKTVersion, ffd.TagKKTFFDVersion}
	paymentTags      = []tlv.Tag{ffd.TagCashTotalSum, ffd.TagEcashTotalSum, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum}
)

// firstTags stand first in every document (fn.md section 12).
var firstTags = []tlv.Tag{ffd.TagFNNumber, ffd.TagKKTRegID, ffd.TagUserINN, ffd.TagFDNumber, ffd.TagDateTime, ffd.TagFPD}

var shiftReportTags = []tlv.Tag{ffd.TagShiftNumber, ffd.TagFNExhaustionSign, ffd.TagFNReplaceRequiredSign,
	ffd.TagFNMemoryExceededSign, ffd.TagOFDResponseTimeoutSign, ffd.TagOperatorMessage}

// ownTags are those that the drive adds after the first six (fn.md section 12). What
// it adds only when the register did not (1017, 1209, 1190, 1213, 1290 and the flags
// 1290 replaced) is not among them.
var ownTags = map[fiscal.Form][]tlv.Tag{
	formRegistration:   modeTags,
	formChange:         append([]tlv.Tag{ffd.TagChangeReason, ffd.TagChangeReasons, ffd.TagFNCounters}, modeTags...),
	formOpenShift:      shiftReportTags,
	fiscal.FormReceipt: receiptTags, fiscal.FormBSO: receiptTags,
	fiscal.FormReceiptCorrection: receiptTags, fiscal.FormBSOCorrection: receiptTags,
	formCloseShift: append([]tlv.Tag{ffd.TagReceiptQuantity, ffd.TagDocumentsQuantity, ffd.TagUnsentCount, ffd.TagUnsentFirstTime,
		ffd.TagFNCounters, ffd.TagShiftCounters, ffd.TagUnsentNotices, ffd.TagInvalidMarkingCodesSign, ffd.TagInvalidRequestsSign}, shiftReportTags...),
	formCloseArchive: {ffd.TagShiftNumber, ffd.TagFNCounters},
	formState: {ffd.TagShiftNumber, ffd.TagOfflineMode, ffd.TagUnsentFirstNumber, ffd.TagUnsentCount, ffd.TagUnsentFirstTime,
		ffd.TagFNCounters, ffd.TagUnsentCounters, ffd.TagUnsentNotices},
}

var (
	modeTags    = []tlv.Tag{ffd.TagEncryptionSign, ffd.TagOfflineMode, ffd.TagAutoMode, ffd.TagTaxationType}
	flagTags    = []tlv.Tag{ffd.TagServiceSign, ffd.TagBSOSign, ffd.TagInternetSign}
	receiptTags = []tlv.Tag{ffd.TagShiftNumber, ffd.TagRequestNumber, ffd.TagOperationType, ffd.TagTotalSum}
)

// addsTag reports whether the drive itself adds the tag to a document.
func addsTag(form fiscal.Form, v fiscal.FFD, tag tlv.Tag) bool {
	switch {
	case slices.Contains(firstTags, tag), slices.Contains(ownTags[form], tag):
		return true
	case form.IsRegistration() && v < fiscal.FFD12:
		return slices.Contains(flagTags, tag)
	}
	return false
}

// repeats reports whether a tag may stand more than once on the first level.
func repeats(tag tlv.Tag) bool {
	switch tag {
	case ffd.TagItem, ffd.TagIndustryReceiptDetails, ffd.TagPaymentAgentPhone, ffd.TagPaymentOperatorPhone,
		ffd.TagTransferOperatorPhone, ffd.TagProviderPhone, ffd.TagMarkedItem:
		return true
	}
	return false
}

// settlementTags belong to receipts and corrections only. Other tags are not judged
// by their place: the tables of FFD 1.2 have one source.
var settlementTags = append([]tlv.Tag{ffd.TagItem, ffd.TagOperationType, ffd.TagTotalSum, ffd.TagAppliedTaxationType, ffd.TagNDS20,
	ffd.TagNDS10, ffd.TagNDS0, ffd.TagNDSNo, ffd.TagNDS20120, ffd.TagNDS10110, ffd.TagAmountsReceiptNDS, ffd.TagBuyerInformation}, paymentTags...)

// belongs reports whether a tag has a place in a document (code 18h).
func belongs(form fiscal.Form, tag tlv.Tag) bool {
	switch {
	case tag == ffd.TagCorrectionType || tag == ffd.TagCorrectionBase:
		return form.IsCorrection()
	case tag == ffd.TagMarkedItem:
		return false // given to the notification, by B7h or inside a receipt
	}
	return form.IsReceipt() || !slices.Contains(settlementTags, tag)
}
