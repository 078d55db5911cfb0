// The requests that are sent to Stripe, by Stripe's own types of them: JSON Schema is made of these.

import type { BillingPortal } from './node_modules/stripe/esm/resources/BillingPortal/Configurations.js';
import type { BillingPortal as Portal } from './node_modules/stripe/esm/resources/BillingPortal/Sessions.js';
import type { Checkout } from './node_modules/stripe/esm/resources/Checkout/Sessions.js';
import type { CustomerCreateParams } from './node_modules/stripe/esm/resources/Customers.js';
import type { PaymentIntentCreateParams } from './node_modules/stripe/esm/resources/PaymentIntents.js';
import type { PriceCreateParams } from './node_modules/stripe/esm/resources/Prices.js';
import type { ProductCreateParams } from './node_modules/stripe/esm/resources/Products.js';
import type { RefundCreateParams } from './node_modules/stripe/esm/resources/Refunds.js';
import type { SubscriptionScheduleCreateParams, SubscriptionScheduleUpdateParams } from './node_modules/stripe/esm/resources/SubscriptionSchedules.js';
import type { SubscriptionUpdateParams } from './node_modules/stripe/esm/resources/Subscriptions.js';
import type { WebhookEndpointCreateParams } from './node_modules/stripe/esm/resources/WebhookEndpoints.js';

export type CheckoutSession = Checkout.SessionCreateParams;
export type Customer = CustomerCreateParams;
export type PaymentIntent = PaymentIntentCreateParams;
export type PortalConfiguration = BillingPortal.ConfigurationCreateParams;
export type PortalVisit = Portal.SessionCreateParams;
export type Price = PriceCreateParams;
export type Product = ProductCreateParams;
export type Refund = RefundCreateParams;
export type Schedule = SubscriptionScheduleCreateParams;
export type ScheduleChange = SubscriptionScheduleUpdateParams;
export type Subscription = SubscriptionUpdateParams;
export type WebhookEndpoint = WebhookEndpointCreateParams;
