Feature: Corrections
  A settlement made without the register, or wrongly, is set right by a correction receipt within a shift.

  Rule: A correction is a document of its own kind (fn.md 3.2)

    @case:O-035 @must @ffd1.05 @ffd1.1 @ffd1.2
    Scenario Outline: A sale of yesterday is corrected
      Given a register of FFD <ffd> with an open shift
      When the register issues a "sale" correction for 250.00
      And the register exchanges with the operator
      Then the last document is a correction receipt with number 3
      And the confirmation objects to nothing
      And the operator has no remarks

      Examples:
        | ffd  |
        | 1.05 |
        | 1.1  |
        | 1.2  |

    @case:correction/by-order @must
    Scenario: A correction by order of the tax office
      Given a register of FFD 1.1 with an open shift
      When the register issues a "sale" correction for 99.90 by order "15-07/3"
      And the register exchanges with the operator
      Then the confirmation objects to nothing
      And the operator has no remarks

    @case:K-031 @must
    Scenario: A purchase is corrected
      Given a register of FFD 1.2 with an open shift
      When the register issues a "purchase" correction for 1000.00
      And the register closes the shift and sends it
      Then the operator keeps every document of the drive
      And the operator has no remarks

    @case:O-038 @must
    Scenario: A register of strict reporting forms
      Given a register of strict reporting forms of FFD 1.2 with an open shift
      When the register issues 1 receipt
      And the register issues a "sale" correction for 50.00
      And the register exchanges with the operator
      Then the operator keeps these documents:
        | 1 | registration report                 |
        | 2 | shift opening                       |
        | 3 | strict reporting form               |
        | 4 | strict reporting form of correction |
      And the operator has no remarks

  Rule: A correction is made in an open shift (fn.md 3.2)

    @case:K-030 @must
    Scenario: A correction before the shift
      Given a registered register of FFD 1.05
      When the register issues a "sale" correction for 10.00
      Then the register refuses because of "смена не открыта"

  Rule: A correction of FFD 1.05 is of a sale or a purchase (flk.md R-01)

    @case:correction/no-returns-in-ffd105 @must @ffd1.05
    Scenario: A return cannot be corrected in FFD 1.05
      Given a register of FFD 1.05 with an open shift
      When the register issues a "return of a sale" correction for 10.00
      Then the register refuses by rule R-01
