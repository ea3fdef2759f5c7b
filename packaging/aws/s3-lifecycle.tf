# Terraform: the lifecycle of s3-lifecycle.json for a bucket; it replaces the rules that the bucket has.
variable "bucket" {
  type = string
}

resource "aws_s3_bucket_lifecycle_configuration" "efa_doctor" {
  bucket = var.bucket

  rule {
    id     = "efa-doctor-reports"
    status = "Enabled"
    filter {
      prefix = "efa/region="
    }
    expiration {
      days = 90
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  rule {
    id     = "efa-doctor-latest-of-nodes-that-are-gone"
    status = "Enabled"
    filter {
      prefix = "efa/latest/"
    }
    expiration {
      days = 30
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  rule {
    id     = "efa-doctor-account"
    status = "Enabled"
    filter {
      prefix = "efa/account/"
    }
    expiration {
      days = 30
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }
}
