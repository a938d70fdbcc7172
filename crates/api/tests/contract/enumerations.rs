//! Lists of names.

use criteo_api::contract::{
    PLACEMENT_DIMENSIONS, PLACEMENT_METRICS, STATISTICS_DIMENSIONS, STATISTICS_ID_NAME_PAIRS,
    STATISTICS_METRICS,
};
use criteo_api::{
    ActivationStatus, AdSetObjective, AdSetStatus, AdaptiveLayout, AttributionMethod,
    BudgetRenewal, BudgetStatus, CampaignGoal, CappingFrequency, ClickAttributionPolicy,
    CostController, DeliverySmoothing, DeliveryStatus, DeliveryWeek, DestinationEnvironment,
    ImageDisplay, IntervalSize, InventoryType, LimitType, LookbackWindow,
    MarketplaceDeliveryStatus, MediaType, OptimizationObjective, PacingBehavior,
    PlacementsEnvironment, ReportFormat, SellerStatus, Shape, SpendLimitRenewal, SuspensionReason,
    TargetDevice, TargetEnvironment, TargetOperatingSystem, TargetingOperand, TransactionEventType,
    VideoChannel,
};
use serde_json::Value;

use crate::document::{Document, load};

impl Document {
    /// The values that a member of a schema may have, or the items of that member.
    fn values<'a>(&'a self, schema: &str, member: &str) -> Vec<&'a str> {
        let member = self.member(self.schema(schema), member);
        let member = if member["type"] == "array" {
            self.items(member)
        } else {
            member
        };
        list(&member["enum"])
    }

    /// The values that a query parameter may have.
    fn parameter_values<'a>(&'a self, id: &str, name: &str) -> Vec<&'a str> {
        let parameters = self.operation(id)["parameters"].as_array().unwrap();
        let parameter = parameters
            .iter()
            .find(|parameter| parameter["name"] == name)
            .unwrap();
        list(&self.resolve(&parameter["schema"])["enum"])
    }
}

fn list(values: &Value) -> Vec<&str> {
    values
        .as_array()
        .expect("an enumeration")
        .iter()
        .map(|value| value.as_str().unwrap())
        .collect()
}

#[test]
fn dimensions_and_metrics_are_those_of_the_contract() {
    let Some(document) = load() else { return };
    let statistics = "StatisticsReportQueryMessage";
    let placements = "PlacementsReportQueryMessage";
    for (schema, member, kept) in [
        (statistics, "dimensions", STATISTICS_DIMENSIONS),
        (statistics, "metrics", STATISTICS_METRICS),
        (placements, "dimensions", PLACEMENT_DIMENSIONS),
        (placements, "metrics", PLACEMENT_METRICS),
    ] {
        assert_eq!(document.values(schema, member), kept, "{schema} {member}");
    }
    for (id, name) in STATISTICS_ID_NAME_PAIRS {
        assert!(STATISTICS_DIMENSIONS.contains(id) && STATISTICS_DIMENSIONS.contains(name));
    }
}

#[test]
fn values_of_members_are_those_of_the_contract() {
    let Some(document) = load() else { return };
    let budgets = ["ReadAdSetBudgetV26Q1", "ReadAdSetScheduledBudgetV26Q1"];
    for schema in budgets {
        for (member, kept) in [
            ("budgetStrategy", LimitType::VALUES),
            ("budgetRenewal", BudgetRenewal::VALUES),
            ("budgetDeliverySmoothing", DeliverySmoothing::VALUES),
            ("budgetDeliveryWeek", DeliveryWeek::VALUES),
            ("pacingBehavior", PacingBehavior::VALUES),
        ] {
            assert_eq!(document.values(schema, member), kept, "{schema} {member}");
        }
    }
    for (schema, member, kept) in [
        (
            "StatisticsReportQueryMessage",
            "format",
            ReportFormat::VALUES,
        ),
        (
            "PlacementsReportQueryMessage",
            "format",
            ReportFormat::VALUES,
        ),
        (
            "TransactionsReportQueryMessage",
            "format",
            ReportFormat::VALUES,
        ),
        (
            "StatisticsReportQueryMessage",
            "adSetStatus",
            AdSetStatus::VALUES,
        ),
        (
            "PlacementsReportQueryMessage",
            "environment",
            PlacementsEnvironment::VALUES,
        ),
        (
            "TransactionsReportQueryMessage",
            "eventType",
            TransactionEventType::VALUES,
        ),
        ("CampaignV23Q1", "goal", CampaignGoal::VALUES),
        (
            "CampaignSpendLimitV23Q1",
            "spendLimitType",
            LimitType::VALUES,
        ),
        (
            "CampaignSpendLimitV23Q1",
            "spendLimitRenewal",
            SpendLimitRenewal::VALUES,
        ),
        (
            "CampaignScheduledSpendLimitV23Q1",
            "spendLimitType",
            LimitType::VALUES,
        ),
        (
            "CampaignScheduledSpendLimitV23Q1",
            "spendLimitRenewal",
            SpendLimitRenewal::VALUES,
        ),
        (
            "AutomatedBudgetConfigurationV23Q1",
            "adSetOptimizationObjective",
            OptimizationObjective::VALUES,
        ),
        ("ReadAdSetV26Q1", "objective", AdSetObjective::VALUES),
        (
            "ReadAdSetV26Q1",
            "destinationEnvironment",
            DestinationEnvironment::VALUES,
        ),
        ("ReadAdSetV26Q1", "mediaType", MediaType::VALUES),
        ("ReadAdSetV26Q1", "videoChannel", VideoChannel::VALUES),
        (
            "ReadAdSetScheduleV26Q1",
            "activationStatus",
            ActivationStatus::VALUES,
        ),
        (
            "ReadAdSetScheduleV26Q1",
            "deliveryStatus",
            DeliveryStatus::VALUES,
        ),
        (
            "ReadAdSetBiddingV26Q1",
            "costController",
            CostController::VALUES,
        ),
        (
            "ReadAdSetAttributionConfigurationV26Q1",
            "attributionMethod",
            AttributionMethod::VALUES,
        ),
        (
            "ReadAdSetAttributionConfigurationV26Q1",
            "lookbackWindow",
            LookbackWindow::VALUES,
        ),
        (
            "AdSetDeliveryLimitationsV26Q1",
            "devices",
            TargetDevice::VALUES,
        ),
        (
            "AdSetDeliveryLimitationsV26Q1",
            "environments",
            TargetEnvironment::VALUES,
        ),
        (
            "AdSetDeliveryLimitationsV26Q1",
            "operatingSystems",
            TargetOperatingSystem::VALUES,
        ),
        (
            "AdSetFrequencyCappingV26Q1",
            "frequency",
            CappingFrequency::VALUES,
        ),
        (
            "AdSetTargetingRuleV26Q1",
            "operand",
            TargetingOperand::VALUES,
        ),
        ("Ad", "inventoryType", InventoryType::VALUES),
        ("ImageShape", "shape", Shape::VALUES),
        ("VideoDetail", "shape", Shape::VALUES),
        (
            "DynamicAttributes",
            "productImageDisplay",
            ImageDisplay::VALUES,
        ),
        (
            "AdaptiveReadAttributes",
            "imageDisplay",
            ImageDisplay::VALUES,
        ),
        ("AdaptiveReadAttributes", "layouts", AdaptiveLayout::VALUES),
        ("SellerBudgetMessage", "status", BudgetStatus::VALUES),
        (
            "AdvertiserAdsetMessage",
            "status",
            MarketplaceDeliveryStatus::VALUES,
        ),
        (
            "AdvertiserCampaignMessage",
            "adSetDeliveryStatus",
            MarketplaceDeliveryStatus::VALUES,
        ),
        (
            "SellerCampaignMessage",
            "suspensionReasons",
            SuspensionReason::VALUES,
        ),
    ] {
        assert_eq!(document.values(schema, member), kept, "{schema} {member}");
    }
}

#[test]
fn values_of_query_parameters_are_those_of_the_contract() {
    let Some(document) = load() else { return };
    for (operation, parameter, kept) in [
        (
            "GetMarketplaceSellerBudgets",
            "status",
            BudgetStatus::VALUES,
        ),
        (
            "GetMarketplaceSellers",
            "sellerStatus",
            SellerStatus::VALUES,
        ),
        (
            "GetMarketplaceSellers",
            "withBudgetStatus",
            BudgetStatus::VALUES,
        ),
        (
            "GetMarketplaceSellerCampaigns",
            "budgetStatus",
            BudgetStatus::VALUES,
        ),
        (
            "GetMarketplaceCampaignsStats",
            "clickAttributionPolicy",
            ClickAttributionPolicy::VALUES,
        ),
        (
            "GetMarketplaceCampaignsStats",
            "intervalSize",
            IntervalSize::VALUES,
        ),
    ] {
        assert_eq!(
            document.parameter_values(operation, parameter),
            kept,
            "{operation} {parameter}"
        );
    }
}
