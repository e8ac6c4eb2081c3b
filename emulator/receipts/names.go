package receipts

import (
	"strconv"
	"strings"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// scope is the place that gives a JSON name its meaning.
type scope uint8

const (
	inReceipt scope = iota
	inItem
	inAgent
	inProvider
	inBuyer
	inProperty
	inCorrectionBase
	inCode
	inFraction
	inIndustry
	inOperational
	inEcash
	inVAT
	scopeCount
)

// scopeTags lists the requisites of each place; their names are those of the
// dictionary with its alternatives.
var scopeTags = [scopeCount][]tlv.Tag{
	inReceipt: {1005, 1008, 1009, 1012, 1013, 1016, 1017, 1018, 1020, 1021, 1026, 1031, 1036, 1037, 1038, 1040, 1041, 1042, 1044, 1046, 1048,
		1054, 1055, 1057, 1059, 1060, 1062, 1071, 1073, 1074, 1075, 1077, 1081, 1084, 1102, 1103, 1104, 1105, 1106, 1107, 1108, 1112, 1115, 1117, 1125,
		1171, 1173, 1174, 1177, 1178, 1179, 1187, 1188, 1189, 1192, 1196, 1203, 1209, 1215, 1216, 1217, 1223, 1227, 1228, 1234, 1256, 1261, 1270,
		2102, 2107},
	inItem: {1023, 1030, 1043, 1057, 1079, 1080, 1112, 1162, 1163, 1191, 1197, 1198, 1199, 1200, 1212, 1214, 1222, 1223, 1224, 1226, 1229, 1230, 1231,
		1260, 1291, 1300, 1301, 1302, 1303, 1304, 1305, 1306, 1307, 1308, 1309, 2003, 2102, 2106, 2108, 2115, 1102, 1103, 1104, 1105, 1106, 1107},
	inAgent:          {1005, 1016, 1026, 1044, 1073, 1074, 1075},
	inProvider:       {1171, 1225, 1226},
	inBuyer:          {1227, 1228, 1243, 1244, 1245, 1246, 1254},
	inProperty:       {1085, 1086},
	inCorrectionBase: {1177, 1178, 1179},
	inCode:           {1300, 1301, 1302, 1303, 1304, 1305, 1306, 1307, 1308, 1309, 1320, 1321, 1322, 1323, 1324, 1325},
	inFraction:       {1292, 1293, 1294},
	inIndustry:       {1262, 1263, 1264, 1265},
	inOperational:    {1271, 1272, 1273},
	inEcash:          {1235, 1082, 1236, 1237, 1238},
	inVAT:            {1119, 1199, 1120},
}

// moreNames are spellings that public data have beside those of the dictionary.
var moreNames = [scopeCount]map[string]tlv.Tag{
	inReceipt: {
		"taxationType": 1055, "appliedTaxationType": 1055, "fnsSite": 1060, "authorityUri": 1060, "fnsUri": 1060, "buyerPhone": 1008, "buyerEmail": 1008,
		"buyerPhoneOrEmail": 1008, "clientAddress": 1008, "address": 1009, "retailAddress": 1009, "retailPlaceName": 1187, "sum": 1020, "total": 1020,
		"cashSum": 1031, "cash": 1031, "ecashSum": 1081, "ecash": 1081, "electronicSum": 1081, "advanceSum": 1215, "prepayment": 1215, "credit": 1216,
		"counterProvisionSum": 1217, "nds20": 1102, "nds18": 1102, "nds20120": 1106, "nds18118": 1106, "ndsCalculated18": 1106, "ndsCalculated20": 1106,
		"ndsCalculated10": 1107, "nds10110": 1107, "noNds": 1105, "propertiesUser": 1084, "userProperty": 1084, "userProperties": 1084, "properties": 1084,
		"additionalProps": 1192, "propertyData": 1192, "operatorName": 1021, "cashier": 1021, "cashierInn": 1203, "inn": 1018, "userName": 1048,
		"fsId": 1041, "fn": 1041, "fd": 1040, "fp": 1077, "kktNumber": 1013, "numberKkt": 1013, "kktId": 1013, "date": 1012, "localDateTime": 1012,
		"internetSign": 1108, "internetPayment": 1125, "agentType": 1057, "buyerInformation": 1256, "discount": 1112, "checkingLabeledProdResult": 2107,
		"labeledCodesProcMode": 2102, "labelCodeProcesMode": 2102, "qrCode": 1196, "correctionDate": 1178, "correctionNumber": 1179, "correctionName": 1177,
		"receiptCode": 1000, "code": 1000,
	},
	inItem: {
		"nds18": 1102, "nds20": 1102, "nds10": 1103, "nds0": 1104, "ndsNo": 1105, "ndsCalculated18": 1106, "ndsCalculated20": 1106, "nds18118": 1106,
		"nds20120": 1106, "ndsCalculated10": 1107, "nds10110": 1107, "agentType": 1222, "paymentAgentType": 1222, "agentData": 1223, "supplierInn": 1226,
		"supplierData": 1224, "measurementUnit": 1197, "measureUnit": 1197, "unitOfMeasurement": 1197, "quantityMeasure": 2108, "count": 1023, "amount": 1043,
		"additionalProps": 1191, "propertiesItem": 1191, "countryOfOrigin": 1230, "customsDeclaration": 1231, "customsDeclarationNumber": 1231,
		"barcode": 1080, "nomenclatureCode": 1162, "productCodeNew": 1163, "plannedStatus": 2003, "itemsFractionalQuantity": 1291, "ndsType": 1199,
		"checkingProdInformationResult": 2106, "labelCodeProcesMode": 2102, "excise": 1229,
	},
	inAgent:    {"operation": 1044, "providerPhone": 1171},
	inProvider: {"supplierName": 1225, "supplierPhone": 1171, "supplierInn": 1226, "name": 1225, "inn": 1226, "phone": 1171},
	inBuyer:    {"name": 1227, "inn": 1228, "buyerName": 1227},
	inProperty: {"name": 1085},
	inCorrectionBase: {"correctionBaseName": 1177, "description": 1177, "documentDate": 1178, "documentNumber": 1179, "baseName": 1177, "baseDate": 1178,
		"baseNumber": 1179},
	inCode: {"gs10": 1304, "gs1_0": 1304, "gs1.0": 1304, "short": 1306, "fur": 1307, "egais20": 1308, "egais30": 1309, "unidentified": 1300, "unknown": 1300},
	inVAT:  {"ndsRate": 1199, "nds": 1199, "sum": 1120},
}

// nameTables are the names of each place in lower case.
var nameTables = sync.OnceValue(func() (tables [scopeCount]map[string]tlv.Tag) {
	for s := range tables {
		t := map[string]tlv.Tag{}
		for _, tag := range scopeTags[s] {
			info := ffd.Lookup(tag)
			if info == nil {
				continue
			}
			for _, name := range append([]string{info.JSON}, info.Alt...) {
				if _, taken := t[strings.ToLower(name)]; !taken && name != "" {
					t[strings.ToLower(name)] = tag
				}
			}
		}
		for name, tag := range moreNames[s] {
			t[strings.ToLower(name)] = tag
		}
		tables[s] = t
	}
	return tables
})

// tagOf is the requisite that a member of an object means in its place; 0 when none.
func tagOf(n *node, name string, s scope) tlv.Tag {
	if n.tlv {
		v, _ := strconv.ParseUint(name, 10, 16)
		return tlv.Tag(v)
	}
	return nameTables()[s][strings.ToLower(name)]
}

// remade are requisites of a receipt that the new drive and register make themselves.
var remade = map[tlv.Tag]string{
	1012: "", 1013: "заводской номер у новой кассы свой", 1017: "ОФД новой кассы задан при запуске", 1037: "регистрационный номер у новой кассы свой",
	1038: "номер смены считает новый ФН", 1040: "номер документа считает новый ФН", 1041: "номер нового ФН другой", 1042: "номер чека считает новый ФН",
	1046: "ОФД новой кассы задан при запуске", 1077: "фискальный признак вычисляет новый ФН", 1188: "версия новой кассы своя",
	1189: "версия ФФД новой кассы своя", 1196: "QR-код печатает новая касса", 1209: "", 2102: "режим обработки кодов ставит новая касса",
	2106: "код маркировки проверяется заново", 2107: "коды маркировки проверяются заново", 2115: "контрольный код вычисляется заново",
}

// strangers are members that exports add beside the requisites.
var strangers = map[string]string{
	"messagefiscalsign": "ФПС вычисляет новый ФН", "rawdata": "документ собирается заново", "metadata": "сведения хранилища",
	"redefine_mask": "сведения хранилища", "region": "сведения хранилища", "ofdid": "сведения хранилища", "protocolversion": "версия протокола выгрузки",
	"message": "сообщение не входит в документ", "_id": "сведения хранилища", "id": "сведения хранилища", "receivedate": "сведения хранилища",
	"subtype": "сведения хранилища", "documentid": "сведения хранилища", "productcodedataerror": "выгрузка сообщает, что код товара не разобран: кода в ней нет",
}
