"""What the services behind Huawei Cloud's gateway share: signatures, IAM, answers, the base of their hooks."""
