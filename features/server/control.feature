Feature: Format and logic control
  A document that the drive signed is confirmed even when its content is wrong; the confirmation and the operator say so.

  Rule: A document that fails control is confirmed with code 14, or bit 1 of 1206 (transport.md 8.2, E-18)

    @case:control/payments-not-total @must @ffd1.05 @ffd1.1 @ffd1.2
    Scenario Outline: Payments that do not make the total
      Given a careless register of FFD <ffd> with an open shift
      When the register issues a "sale" receipt for 100.00 with 90.00 paid
      And the register exchanges with the operator
      Then the confirmation says that the document failed control
      And the operator remarks M-03 in the last document
      And the operator keeps every document of the drive

      Examples:
        | ffd  |
        | 1.05 |
        | 1.1  |
        | 1.2  |

  Rule: A correction says which settlement it corrects (flk.md R-14)

    @case:control/correction-without-date @should @ffd1.05
    Scenario: A correction that does not say which day it corrects is confirmed with a remark
      Given a careless register of FFD 1.05 with an open shift
      When the register issues a correction that does not say what it corrects
      And the register exchanges with the operator
      Then the confirmation objects to nothing
      And the operator remarks R-14 in the last document
